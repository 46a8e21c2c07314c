//! The one door: actions, callers, dispatch, trail.
