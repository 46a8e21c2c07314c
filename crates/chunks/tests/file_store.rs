//! The suite on local files, real and simulated.

mod suite;

mod real {
    use super::suite;
    use chunks::{ChunkStore, FileStore};
    use std::sync::Arc;

    suite::all!(|| {
        let dir = tempfile::tempdir().unwrap();
        let files: Arc<dyn env::Files> = Arc::new(env::RealFiles);
        let store = FileStore::open(files, dir.path().join("a/chunks")).unwrap();
        Some((Box::new(store) as Box<dyn ChunkStore>, dir))
    });
}

mod simulated {
    use super::suite;
    use chunks::{ChunkStore, FileStore};
    use std::sync::Arc;

    suite::all!(|| {
        let files = env::SimFiles::new(1);
        let store = FileStore::open(Arc::new(files.clone()), "/data/chunks".into()).unwrap();
        Some((Box::new(store) as Box<dyn ChunkStore>, files))
    });
}
