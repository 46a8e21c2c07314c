//! A volume as bytes: superblock, map, cipher, local store.
