//! AWS CloudTrail: LookupEvents.
