//! Tests of the JSON reader and writer.
