//! Reading lists of blocks from the host, by callers that may use the key.

use crate::keys;
use crate::listing::Page;
use api::{After, Answer};
use host::{KeyUse, StorageHandle};
use snapshot::{Changed, SnapshotRef};

/// Blocks in which `second` differs from `first`, or that it holds; one more than the page has. The lists themselves are not
/// encrypted, but they tell where data is: so the caller must be allowed to decrypt, as AWS demands.
pub fn changed(
    after: &After,
    keys: &[KeyUse],
    first: Option<&SnapshotRef>,
    second: &SnapshotRef,
    page: &Page,
) -> Answer<Vec<Changed>> {
    let storage = &after.dependency::<StorageHandle>()?.0;
    for key in keys {
        keys::told(storage.may_use(key))?;
    }
    keys::told(storage.changed(first, second, page.from, page.wanted()))
}
