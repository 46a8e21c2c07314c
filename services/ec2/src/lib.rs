//! Amazon EC2 as far as encrypted volumes touch it: actions and jobs.
