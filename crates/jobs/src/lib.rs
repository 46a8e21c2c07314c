//! Durable jobs: claim, step, retry, undo, resume.
