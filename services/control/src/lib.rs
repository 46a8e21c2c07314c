//! Sealvol's own small service: DescribeDevice and Explain.
