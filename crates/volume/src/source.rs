//! The stored snapshot that a volume is loaded from, and what is known of the chunks that it holds.

use crate::geometry::{CHUNKS_PER_PAGE, PageIndex, SEGMENT_BYTES, UNITS_PER_PAGE, VOLUME_BYTES_MAX};
use snapshot::{Chunk, ChunkSource, SnapshotError, SnapshotRef};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// Map pages of 1 TiB.
const PART: usize = (SEGMENT_BYTES / (UNITS_PER_PAGE * crate::DATA_UNIT_BYTES)) as usize;
const PARTS: usize = (VOLUME_BYTES_MAX / SEGMENT_BYTES) as usize;

/// Which chunks of 1 TiB are held, one bit each; 260 KiB, and only while a volume is loading.
struct Held {
    /// One bit per map page: its word in `chunks` is known.
    known: [AtomicU64; PART / 64],
    chunks: [AtomicU64; PART],
}

/// What the source is known to hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    It,
    Not,
    Unknown,
}

pub(crate) struct Source {
    pub at: SnapshotRef,
    chunks: Arc<dyn ChunkSource>,
    held: [OnceLock<Box<Held>>; PARTS],
}

impl Source {
    pub fn new(at: SnapshotRef, chunks: Arc<dyn ChunkSource>) -> Source {
        Source { at, chunks, held: [const { OnceLock::new() }; PARTS] }
    }

    /// Asks nobody, so it may be called with locks held.
    pub fn holds(&self, chunk: u32) -> Holds {
        let page = PageIndex::of_chunk(chunk).0 as usize;
        let Some(held) = self.held.get(page / PART).and_then(OnceLock::get) else { return Holds::Unknown };
        let n = page % PART;
        if held.known[n / 64].load(Ordering::Acquire) >> (n % 64) & 1 == 0 {
            return Holds::Unknown;
        }
        match held.chunks[n].load(Ordering::Acquire) >> (chunk % CHUNKS_PER_PAGE) & 1 {
            1 => Holds::It,
            _ => Holds::Not,
        }
    }

    /// Finds out what is held of a page, and of those behind it if they hold nothing. May read from the chunk store.
    pub fn learn(&self, page: PageIndex) -> Result<(), SnapshotError> {
        let first = page.first_chunk();
        let wanted = CHUNKS_PER_PAGE as usize + 1;
        // The look beyond the page saves later looks; what is damaged there must not cost what is here.
        let (found, next_known) = match self.chunks.indices(first, wanted) {
            Ok(found) => (found, true),
            Err(_) => (self.chunks.indices_below(first, first + CHUNKS_PER_PAGE)?, false),
        };
        let mut bits = 0;
        let mut next = None;
        for index in found {
            match index.wrapping_sub(first) {
                n if n < CHUNKS_PER_PAGE => bits |= 1 << n,
                _ => {
                    next = Some(PageIndex::of_chunk(index).0);
                    break;
                }
            }
        }
        self.note(page.0, bits);
        // Up to where the next chunk is, or to the end.
        let end = match next_known {
            true => next.unwrap_or((PARTS * PART) as u32),
            false => page.0 + 1,
        };
        // What lies in parts that nobody has asked for yet is learned when somebody does.
        let end = end.min((page.0 as usize / PART * PART + PART) as u32);
        (page.0 + 1..end).for_each(|page| self.note(page, 0));
        Ok(())
    }

    /// Which chunks of a page are held, one bit each. May read from the chunk store.
    pub fn held_of(&self, page: PageIndex) -> Result<u64, SnapshotError> {
        if self.holds(page.first_chunk()) == Holds::Unknown {
            self.learn(page)?;
        }
        let part = self.held.get(page.0 as usize / PART).and_then(OnceLock::get);
        Ok(part.map_or(0, |held| held.chunks[page.0 as usize % PART].load(Ordering::Acquire)))
    }

    fn note(&self, page: u32, chunks: u64) {
        let (part, n) = (page as usize / PART, page as usize % PART);
        let Some(part) = self.held.get(part) else { return };
        let held = part.get_or_init(|| {
            Box::new(Held {
                known: [const { AtomicU64::new(0) }; PART / 64],
                chunks: [const { AtomicU64::new(0) }; PART],
            })
        });
        held.chunks[n].store(chunks, Ordering::Release);
        held.known[n / 64].fetch_or(1 << (n % 64), Ordering::AcqRel);
    }

    /// Indices of held chunks from `from` on, at most `max`.
    pub fn indices(&self, from: u32, max: usize) -> Result<Vec<u32>, SnapshotError> {
        self.chunks.indices(from, max)
    }

    /// How many threads that ask for chunks at a time gain anything.
    pub fn at_once(&self) -> usize {
        self.chunks.at_once()
    }

    pub fn chunk(&self, index: u32) -> Result<Option<Chunk>, SnapshotError> {
        self.chunks.chunk(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    /// Holds these chunks, and counts how often it is asked.
    struct Held(Vec<u32>, AtomicUsize);

    impl ChunkSource for Held {
        fn size_bytes(&self) -> u64 {
            VOLUME_BYTES_MAX
        }

        fn indices(&self, from: u32, max: usize) -> Result<Vec<u32>, SnapshotError> {
            self.1.fetch_add(1, Ordering::Relaxed);
            if from >= 1 << 26 {
                return Err(SnapshotError::Refused("away".into()));
            }
            Ok(self.0.iter().copied().filter(|index| *index >= from).take(max).collect())
        }

        fn chunk(&self, _: u32) -> Result<Option<Chunk>, SnapshotError> {
            Ok(None)
        }
    }

    fn source(held: &[u32]) -> (Source, Arc<Held>) {
        let held = Arc::new(Held(held.to_vec(), AtomicUsize::new(0)));
        let at = SnapshotRef { region: "r".into(), snapshot: "s".into(), hash: "h".into() };
        (Source::new(at, held.clone()), held)
    }

    fn state(source: &Source, chunk: u32) -> &'static str {
        match source.holds(chunk) {
            Holds::It => "held",
            Holds::Not => "not",
            Holds::Unknown => "unknown",
        }
    }

    #[test]
    fn nothing_is_known_before_it_is_learned_and_everything_of_the_page_afterwards() {
        let (source, _) = source(&[3, 64, 200]);
        assert_eq!(state(&source, 3), "unknown");
        assert_eq!(source.held_of(PageIndex(0)).unwrap(), 1 << 3);
        assert_eq!([2, 3, 63, 64].map(|n| state(&source, n)), ["not", "held", "not", "unknown"]);
        // Page 2 holds nothing, which is told by where the next chunk is.
        assert_eq!(source.held_of(PageIndex(1)).unwrap(), 1);
        assert_eq!(
            [64, 65, 130, 191, 192].map(|n| state(&source, n)),
            ["held", "not", "not", "not", "unknown"]
        );
    }

    #[test]
    fn one_look_tells_of_a_whole_tebibyte_without_chunks() {
        let (source, held) = source(&[5]);
        let last = (PART as u32 - 1) * CHUNKS_PER_PAGE;
        for page in [1, 700, PART as u32 - 1] {
            assert_eq!(source.held_of(PageIndex(page)).unwrap(), 0);
        }
        assert_eq!((state(&source, last), held.1.load(Ordering::Relaxed)), ("not", 1));
        assert_eq!(
            state(&source, last + CHUNKS_PER_PAGE),
            "unknown",
            "the next tebibyte is learned by itself"
        );
        assert_eq!(source.held_of(PageIndex(0)).unwrap(), 1 << 5);
    }

    #[test]
    fn what_cannot_be_learned_stays_unknown() {
        let (source, _) = source(&[]);
        assert!(source.held_of(PageIndex(1 << 20)).is_err());
        assert_eq!(state(&source, 1 << 26), "unknown");
        assert_eq!(state(&source, u32::MAX), "unknown", "behind every volume");
    }
}
