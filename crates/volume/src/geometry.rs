//! Sizes, and how a volume's bytes divide into units, regions, map pages and segments.
//!
//! ```text
//!  segment 1 TiB  = one data file          (ext4 caps a file at 16 TiB; smaller files are also cheaper to check)
//!  └ map page 32 MiB = 8,192 units x 2 bits = 2 KiB of states   (64 KiB of map per GiB written)
//!    └ region 1 MiB = 256 units            what one stripe lock covers; a request is cut at region borders, so every
//!      │                                   piece lies in one segment, one map page, and under one lock
//!      └ unit 4 KiB                        what is encrypted as a whole
//! ```

/// Bytes of a data unit, what the cipher works on as a whole: the page size of guests and disks.
pub const DATA_UNIT_BYTES: u64 = 4096;
/// [`DATA_UNIT_BYTES`] as a length.
pub(crate) const UNIT: usize = 4096;
/// Largest volume: 64 TiB, the limit of io2 Block Express.
pub const VOLUME_BYTES_MAX: u64 = 64 << 40;

/// Units of one region.
pub(crate) const UNITS_PER_REGION: u64 = 256;
/// Bytes of one region.
pub(crate) const REGION_BYTES: u64 = UNITS_PER_REGION * DATA_UNIT_BYTES;
/// Units of one map page.
pub(crate) const UNITS_PER_PAGE: u64 = 8192;
/// Bytes of one data file.
pub(crate) const SEGMENT_BYTES: u64 = 1 << 40;

/// Units of one chunk, in which snapshots are stored and changes are counted.
pub(crate) const UNITS_PER_CHUNK: u64 = snapshot::UNITS_PER_CHUNK as u64;
/// Chunks of one map page: one bit each in a word.
pub(crate) const CHUNKS_PER_PAGE: u32 = (UNITS_PER_PAGE / UNITS_PER_CHUNK) as u32;
const _: () = assert!(CHUNKS_PER_PAGE == 64 && UNITS_PER_REGION.is_multiple_of(UNITS_PER_CHUNK));

/// Number of a data unit, counted from the start of the volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Unit(pub u64);

impl Unit {
    /// The unit that holds this byte.
    pub fn at(offset: u64) -> Unit {
        Unit(offset / DATA_UNIT_BYTES)
    }

    /// The same for the cipher.
    pub fn data_unit(self) -> cipher::DataUnit {
        cipher::DataUnit(self.0)
    }

    /// Its first byte.
    pub fn offset(self) -> u64 {
        self.0 * DATA_UNIT_BYTES
    }

    pub fn plus(self, units: u64) -> Unit {
        Unit(self.0 + units)
    }

    /// Its map page.
    pub fn page(self) -> PageIndex {
        // At most 2^34 units / 2^13.
        PageIndex((self.0 / UNITS_PER_PAGE) as u32)
    }

    /// Its place in its map page.
    pub fn in_page(self) -> usize {
        (self.0 % UNITS_PER_PAGE) as usize
    }

    /// Its chunk.
    pub fn chunk(self) -> u32 {
        (self.0 / UNITS_PER_CHUNK) as u32
    }

    /// Units from here to the end of the chunk.
    pub fn left_in_chunk(self) -> u64 {
        UNITS_PER_CHUNK - self.0 % UNITS_PER_CHUNK
    }

    /// Units from here to the end of the region.
    pub fn left_in_region(self) -> u64 {
        UNITS_PER_REGION - self.0 % UNITS_PER_REGION
    }

    /// Units from here to the end of the map page.
    pub fn left_in_page(self) -> u64 {
        UNITS_PER_PAGE - self.0 % UNITS_PER_PAGE
    }
}

/// Number of a map page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PageIndex(pub u32);

impl PageIndex {
    pub fn first_unit(self) -> Unit {
        Unit(u64::from(self.0) * UNITS_PER_PAGE)
    }

    pub fn first_chunk(self) -> u32 {
        self.0 * CHUNKS_PER_PAGE
    }

    /// The page of a chunk.
    pub fn of_chunk(chunk: u32) -> PageIndex {
        PageIndex(chunk / CHUNKS_PER_PAGE)
    }
}

/// Consecutive units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UnitRange {
    pub start: Unit,
    pub count: u64,
}

impl UnitRange {
    /// The units that lie completely inside the byte range (which the caller checked against the volume's size).
    pub fn inside(offset: u64, len: u64) -> UnitRange {
        let start = Unit(offset.div_ceil(DATA_UNIT_BYTES));
        let end = (offset + len) / DATA_UNIT_BYTES;
        UnitRange { start, count: end.saturating_sub(start.0) }
    }

    pub fn end(self) -> Unit {
        self.start.plus(self.count)
    }

    /// The units of a chunk that lie in a volume of so many bytes.
    pub fn of_chunk(chunk: u32, size_bytes: u64) -> UnitRange {
        let start = Unit(u64::from(chunk) * UNITS_PER_CHUNK);
        let count = (size_bytes / DATA_UNIT_BYTES).saturating_sub(start.0).min(UNITS_PER_CHUNK);
        UnitRange { start, count }
    }

    /// One bit for every chunk of its map page that the range (which lies in one page) touches.
    pub fn chunk_bits(self) -> u64 {
        let (first, last) = (self.start.in_page() as u64, self.start.in_page() as u64 + self.count);
        let (from, to) = (first / UNITS_PER_CHUNK, last.div_ceil(UNITS_PER_CHUNK));
        if self.count == 0 { 0 } else { (u64::MAX >> (64 - (to - from))) << from }
    }

    /// The pieces of the range, each in one region.
    pub fn by_region(self) -> impl Iterator<Item = UnitRange> {
        self.pieces(Unit::left_in_region)
    }

    /// The pieces of the range, each in one chunk.
    pub fn by_chunk(self) -> impl Iterator<Item = UnitRange> {
        self.pieces(Unit::left_in_chunk)
    }

    /// The pieces of the range, each in one map page.
    pub fn by_page(self) -> impl Iterator<Item = UnitRange> {
        self.pieces(Unit::left_in_page)
    }

    fn pieces(self, left: fn(Unit) -> u64) -> impl Iterator<Item = UnitRange> {
        let mut rest = self;
        std::iter::from_fn(move || {
            if rest.count == 0 {
                return None;
            }
            let piece = UnitRange { start: rest.start, count: rest.count.min(left(rest.start)) };
            rest = UnitRange { start: piece.end(), count: rest.count - piece.count };
            Some(piece)
        })
    }
}

/// Chunks of a volume of so many bytes.
pub(crate) fn chunks_of(size_bytes: u64) -> u32 {
    // At most 2^27.
    size_bytes.div_ceil(DATA_UNIT_BYTES * UNITS_PER_CHUNK) as u32
}

/// Map pages of a volume of so many bytes.
pub(crate) fn pages_of(size_bytes: u64) -> u64 {
    size_bytes.div_ceil(DATA_UNIT_BYTES * UNITS_PER_PAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_units_are_inside() {
        let inside = |offset, len| {
            let r = UnitRange::inside(offset, len);
            (r.start.0, r.count)
        };
        assert_eq!(inside(0, 4096), (0, 1));
        assert_eq!(inside(1, 4096), (1, 0));
        assert_eq!(inside(1, 8191), (1, 1));
        assert_eq!(inside(4095, 4098), (1, 1));
        assert_eq!(inside(5, 3), (1, 0));
    }

    #[test]
    fn chunk_bits_cover_every_chunk_touched() {
        let bits = |start, count| UnitRange { start: Unit(start), count }.chunk_bits();
        assert_eq!(bits(0, 1), 1);
        assert_eq!(bits(127, 2), 0b11);
        assert_eq!(bits(8192 + 128, 128), 0b10);
        assert_eq!(bits(0, 8192), u64::MAX);
        assert_eq!(bits(8191, 1), 1 << 63);
        assert_eq!(bits(5, 0), 0);
        assert_eq!(UnitRange::of_chunk(1, 4096 * 130), UnitRange { start: Unit(128), count: 2 });
        assert_eq!(UnitRange::of_chunk(2, 4096 * 130).count, 0);
    }

    #[test]
    fn pieces_never_cross_a_border_and_cover_the_range() {
        let range = UnitRange { start: Unit(250), count: 8192 };
        let mut next = range.start;
        for piece in range.by_region() {
            assert_eq!(piece.start, next);
            assert!(piece.count >= 1 && piece.count <= piece.start.left_in_region());
            next = piece.end();
        }
        assert_eq!(next, range.end());
        let counts: Vec<u64> = range.by_page().map(|p| p.count).collect();
        assert_eq!(counts, [7942, 250]);
    }
}
