//! Tests of the form reader.
