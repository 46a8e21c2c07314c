//! The other side of a vhost-user-blk device: a guest's memory, its virtqueues, and the front-end that hands them over. For
//! tests and for `examples/vhost_load.rs`.
//!
//! ```text
//!  memory:  queue 0, queue 1, … (QUEUE_BYTES each), then data: DATA_BYTES per slot, slots of queue 0, of queue 1, …
//!  a queue: descriptors 0 | available 0x4000 | used 0x5000 | indirect tables 0x8000 | headers and status 0x10000
//! ```
//! A slot is a request: four descriptors of the ring, or one and a table of eight.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};
use vhost::vhost_user::message::VhostUserHeaderFlag;
use vhost::vhost_user::{Frontend, VhostUserFrontend, VhostUserProtocolFeatures};
use vhost::{VhostBackend, VhostUserMemoryRegionInfo, VringConfigData};
use vm_memory::{Bytes, FileOffset, GuestAddress, GuestMemoryMmap};
use vmm_sys_util::epoll::{ControlOperation, Epoll, EpollEvent, EventSet};
use vmm_sys_util::eventfd::EventFd;

pub const QUEUE_BYTES: u64 = 0x20000;
pub const AVAILABLE: u64 = 0x4000;
pub const USED: u64 = 0x5000;
pub const TABLES: u64 = 0x8000;
pub const HEADS: u64 = 0x10000;
/// What the front-end calls guest address 0; any other number does.
const FRONT_END: u64 = 0x7000_0000_0000;

pub const NEXT: u16 = 1;
pub const WRITE: u16 = 2;
pub const INDIRECT: u16 = 4;
pub const EVENT_IDX: u64 = 1 << 29;
pub const INDIRECT_DESC: u64 = 1 << 28;

/// A buffer of a request: guest address, length, [`WRITE`] or 0.
pub type Segment = (u64, u32, u16);

/// A guest's memory. It stays when a front-end goes.
#[derive(Clone)]
pub struct Guest {
    pub memory: Arc<GuestMemoryMmap>,
    file: Arc<File>,
    pub queues: u16,
    pub size: u16,
    pub data_bytes: u64,
    pub bytes: u64,
}

impl Guest {
    pub fn new(queues: u16, size: u16, data_bytes: u64) -> Guest {
        let data = u64::from(queues) * u64::from(size) * data_bytes;
        let bytes = (u64::from(queues) * QUEUE_BYTES + data).next_multiple_of(8192);
        // Memory that has a descriptor.
        let file = tempfile::tempfile_in("/dev/shm").unwrap();
        file.set_len(bytes).unwrap();
        let place = Some(FileOffset::new(file.try_clone().unwrap(), 0));
        let ranges = [(GuestAddress(0), bytes as usize, place)];
        let memory = Arc::new(GuestMemoryMmap::from_ranges_with_files(&ranges).unwrap());
        Guest { memory, file: Arc::new(file), queues, size, data_bytes, bytes }
    }

    /// The data of a slot.
    pub fn data(&self, queue: u16, slot: u16) -> u64 {
        let slots = u64::from(queue) * u64::from(self.size) + u64::from(slot);
        u64::from(self.queues) * QUEUE_BYTES + slots * self.data_bytes
    }

    /// Two regions that meet in the middle, in no order, so that a buffer may lie in both.
    pub fn regions(&self) -> [VhostUserMemoryRegionInfo; 2] {
        let half = self.bytes / 8192 * 4096;
        [(half, self.bytes - half), (0, half)].map(|(at, len)| VhostUserMemoryRegionInfo {
            guest_phys_addr: at,
            memory_size: len,
            userspace_addr: FRONT_END + at,
            mmap_offset: at,
            mmap_handle: self.file.as_raw_fd(),
        })
    }

    /// Connects and negotiates; no queue runs yet.
    pub fn connect(&self, socket: &Path, unwanted: u64) -> Frontend {
        let mut front = Frontend::connect(socket, u64::from(self.queues)).unwrap();
        front.set_owner().unwrap();
        let features = front.get_features().unwrap() & !unwanted;
        front.set_features(features).unwrap();
        let protocol = front.get_protocol_features().unwrap();
        front.set_protocol_features(protocol).unwrap();
        assert!(protocol.contains(VhostUserProtocolFeatures::REPLY_ACK));
        front.set_hdr_flags(VhostUserHeaderFlag::NEED_REPLY);
        front.set_mem_table(&self.regions()).unwrap();
        front
    }

    /// Starts a queue where the memory says that it was left.
    pub fn start(&self, front: &mut Frontend, index: u16, unwanted: u64) -> Queue {
        let queue = Queue::new(self.clone(), index, unwanted);
        self.start_at(front, &queue, queue.last_used);
        queue
    }

    /// Starts a queue and says where it was left, true or not.
    pub fn start_at(&self, front: &mut Frontend, queue: &Queue, base: u16) {
        let (at, n) = (FRONT_END + queue.base, usize::from(queue.index));
        let config = VringConfigData {
            queue_max_size: self.size,
            queue_size: self.size,
            flags: 0,
            desc_table_addr: at,
            used_ring_addr: at + USED,
            avail_ring_addr: at + AVAILABLE,
            log_addr: None,
        };
        front.set_vring_num(n, self.size).unwrap();
        front.set_vring_addr(n, &config).unwrap();
        front.set_vring_base(n, base).unwrap();
        front.set_vring_call(n, &queue.call).unwrap();
        front.set_vring_kick(n, &queue.kick).unwrap();
        front.set_vring_enable(n, true).unwrap();
    }
}

/// One virtqueue, from the driver's side.
pub struct Queue {
    pub guest: Guest,
    pub index: u16,
    pub base: u64,
    pub event_idx: bool,
    pub indirect: bool,
    /// What the device was or will be told.
    pub available: u16,
    told: u16,
    pub last_used: u16,
    pub kick: EventFd,
    pub call: EventFd,
    waiting: Epoll,
}

impl Queue {
    pub fn new(guest: Guest, index: u16, unwanted: u64) -> Queue {
        let (kick, call) = (EventFd::new(0).unwrap(), EventFd::new(0).unwrap());
        let waiting = Epoll::new().unwrap();
        let edge = EpollEvent::new(EventSet::IN | EventSet::EDGE_TRIGGERED, 0);
        waiting.ctl(ControlOperation::Add, call.as_raw_fd(), edge).unwrap();
        let base = u64::from(index) * QUEUE_BYTES;
        let (event_idx, indirect) = (unwanted & EVENT_IDX == 0, unwanted & INDIRECT_DESC == 0);
        let (available, told, last_used) = (0, 0, 0);
        let mut queue = Queue {
            guest,
            index,
            base,
            event_idx,
            indirect,
            available,
            told,
            last_used,
            kick,
            call,
            waiting,
        };
        queue.available = queue.load(AVAILABLE + 2);
        (queue.told, queue.last_used) = (queue.available, queue.load(USED + 2));
        queue
    }

    pub fn load(&self, at: u64) -> u16 {
        self.guest.memory.load(GuestAddress(self.base + at), Ordering::Acquire).unwrap()
    }

    pub fn store(&self, at: u64, value: u16) {
        self.guest.memory.store(value, GuestAddress(self.base + at), Ordering::Release).unwrap();
    }

    pub fn write(&self, at: u64, bytes: &[u8]) {
        self.guest.memory.write_slice(bytes, GuestAddress(at)).unwrap();
    }

    pub fn read(&self, at: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.guest.memory.read_slice(&mut bytes, GuestAddress(at)).unwrap();
        bytes
    }

    /// Guest address of a slot's header; its status is 16 bytes on.
    pub fn head(&self, slot: u16) -> u64 {
        self.base + HEADS + 64 * u64::from(slot)
    }

    pub fn data(&self, slot: u16) -> u64 {
        self.guest.data(self.index, slot)
    }

    /// Writes one descriptor of the table at `table`.
    pub fn describe(&self, table: u64, number: u16, (address, len, flags): Segment, next: u16) {
        let (len, flags, next) = (len.to_le_bytes(), flags.to_le_bytes(), next.to_le_bytes());
        let raw = [&address.to_le_bytes()[..], &len, &flags, &next].concat();
        self.write(table + 16 * u64::from(number), &raw);
    }

    /// Describes a request of good segments and returns its first descriptor.
    pub fn chain(&self, slot: u16, segments: &[Segment]) -> u16 {
        let (table, first) = match self.indirect {
            true => (self.base + TABLES + 128 * u64::from(slot), 0),
            false => (self.base, 4 * slot),
        };
        for (number, (address, len, flags)) in (first..).zip(segments.iter().copied()) {
            let last = usize::from(number - first) + 1 == segments.len();
            let flags = if last { flags } else { flags | NEXT };
            self.describe(table, number, (address, len, flags), number + 1);
        }
        if self.indirect {
            self.describe(self.base, slot, (table, 16 * segments.len() as u32, INDIRECT), 0);
            return slot;
        }
        first
    }

    /// A whole request with its data, if any, in the slot's own place: header, data, status.
    pub fn place(&self, slot: u16, kind: u32, sector: u64, data: u32, flags: u16) -> u16 {
        let head = self.head(slot);
        self.header(slot, kind, sector);
        let all = [(head, 16, 0), (self.data(slot), data, flags), (head + 16, 1, WRITE)];
        if data == 0 { self.chain(slot, &[all[0], all[2]]) } else { self.chain(slot, &all) }
    }

    pub fn header(&self, slot: u16, kind: u32, sector: u64) {
        let header = [&kind.to_le_bytes()[..], &[0; 4], &sector.to_le_bytes(), &[0xee]].concat();
        self.write(self.head(slot), &header);
    }

    pub fn status(&self, slot: u16) -> u8 {
        self.read(self.head(slot) + 16, 1)[0]
    }

    /// Puts a request into the available ring; the device sees it after [`Queue::send`].
    pub fn offer(&mut self, head: u16) {
        self.store(AVAILABLE + 4 + 2 * u64::from(self.available % self.guest.size), head);
        self.available = self.available.wrapping_add(1);
    }

    /// Shows what was offered, and notifies the device if it asks for that. Returns whether it did.
    pub fn send(&mut self) -> bool {
        self.store(AVAILABLE + 2, self.available);
        fence(Ordering::SeqCst);
        let offered = self.available.wrapping_sub(std::mem::replace(&mut self.told, self.available));
        let wanted = if self.event_idx {
            let event = self.load(USED + 4 + 8 * u64::from(self.guest.size));
            self.available.wrapping_sub(event).wrapping_sub(1) < offered
        } else {
            self.load(USED) & 1 == 0
        };
        if wanted {
            self.kick.write(1).unwrap();
        }
        wanted
    }

    /// The next answer: first descriptor and bytes written.
    pub fn answer(&mut self) -> Option<(u16, u32)> {
        if self.load(USED + 2) == self.last_used {
            return None;
        }
        let at = USED + 4 + 8 * u64::from(self.last_used % self.guest.size);
        let memory = &self.guest.memory;
        let id: u32 = memory.load(GuestAddress(self.base + at), Ordering::Relaxed).unwrap();
        let len: u32 = memory.load(GuestAddress(self.base + at + 4), Ordering::Relaxed).unwrap();
        self.last_used = self.last_used.wrapping_add(1);
        Some((id as u16, len))
    }

    /// Sleeps until the device notifies us of an answer, or the time is over.
    pub fn sleep(&self, milliseconds: i32) {
        self.store(AVAILABLE + 4 + 2 * u64::from(self.guest.size), self.last_used);
        fence(Ordering::SeqCst);
        if self.load(USED + 2) == self.last_used {
            let _ = self.waiting.wait(milliseconds, &mut [EpollEvent::default()]);
        }
    }

    pub fn wait(&mut self) -> (u16, u32) {
        for _ in 0..200 {
            if let Some(answer) = self.answer() {
                return answer;
            }
            self.sleep(100);
        }
        panic!("no answer in 20 seconds")
    }

    /// One request from beginning to end in slot 0: status, bytes written, and what was read.
    pub fn request(&mut self, kind: u32, sector: u64, sent: &[u8], wanted: u32) -> (u8, u32, Vec<u8>) {
        let (len, flags) = if sent.is_empty() { (wanted, WRITE) } else { (sent.len() as u32, 0) };
        self.write(self.data(0), sent);
        let head = self.place(0, kind, sector, len, flags);
        self.offer(head);
        self.send();
        let (id, written) = self.wait();
        assert_eq!(id, head);
        (self.status(0), written, self.read(self.data(0), wanted as usize))
    }
}
