//! A volume as a device: the NBD server.
