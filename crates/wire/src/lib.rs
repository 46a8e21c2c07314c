//! Four AWS protocols: text to typed requests, typed responses to text.
