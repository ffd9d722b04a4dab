//! A disk that is full, fails, and recovers.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::*;
use crate::medium::{Disk, SegmentFile};

/// A disk with a number of bytes left; a write that does not fit is written in part.
#[derive(Debug)]
struct SmallDisk {
    left: Arc<AtomicU64>,
    /// Whether a file can be truncated.
    truncates: Arc<AtomicBool>,
    syncs: Arc<AtomicU64>,
    /// Whether syncing fails.
    unsyncable: Arc<AtomicBool>,
}

#[derive(Debug)]
struct SmallFile {
    file: Arc<dyn SegmentFile>,
    left: Arc<AtomicU64>,
    truncates: Arc<AtomicBool>,
    syncs: Arc<AtomicU64>,
    /// Whether syncing fails.
    unsyncable: Arc<AtomicBool>,
}

impl SmallDisk {
    fn new(left: u64) -> Arc<Self> {
        let left = Arc::new(AtomicU64::new(left));
        let truncates = Arc::new(AtomicBool::new(true));
        Arc::new(Self {
            left,
            truncates,
            syncs: Arc::default(),
            unsyncable: Arc::default(),
        })
    }
}

impl Medium for SmallDisk {
    fn create(&self, folder: &Folder, name: &str) -> io::Result<Arc<dyn SegmentFile>> {
        Ok(Arc::new(self.limit(Disk.create(folder, name)?)))
    }

    fn open(&self, folder: &Folder, name: &str) -> io::Result<Arc<dyn SegmentFile>> {
        Ok(Arc::new(self.limit(Disk.open(folder, name)?)))
    }
}

impl SmallDisk {
    fn limit(&self, file: Arc<dyn SegmentFile>) -> SmallFile {
        SmallFile {
            file,
            left: Arc::clone(&self.left),
            truncates: Arc::clone(&self.truncates),
            syncs: Arc::clone(&self.syncs),
            unsyncable: Arc::clone(&self.unsyncable),
        }
    }
}

impl SegmentFile for SmallFile {
    fn write(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let left = self.left.load(Ordering::Relaxed);
        let fits = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        self.file.write(&bytes[..fits], offset)?;
        self.left.fetch_sub(fits as u64, Ordering::Relaxed);
        if fits < bytes.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        if !self.truncates.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        }
        self.file.truncate(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        if self.unsyncable.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::Other.into());
        }
        self.file.sync()
    }

    fn is_linked(&self) -> bool {
        self.file.is_linked()
    }
}

fn is_full(result: Result<(), AppendError>) -> bool {
    matches!(result, Err(AppendError::Write(error)) if error.kind() == io::ErrorKind::StorageFull)
}

#[test]
fn a_full_disk_refuses_keeps_nothing_and_takes_again_when_there_is_space() {
    let folder = tempfile::tempdir().unwrap();
    let disk = SmallDisk::new(8_000);
    let medium: Arc<dyn Medium> = disk.clone();
    let store = SegmentStore::open_on(folder.path(), roomy(), now, medium).unwrap();
    store.append(&span(1, 3_000)).unwrap();
    assert!(is_full(store.append(&span(2, 20_000))));
    assert!(is_full(store.append(&span(3, 20_000))));
    assert_eq!(stored(&store), [1]);
    disk.left.store(1 << 20, Ordering::Relaxed);
    store.append(&span(4, 20_000)).unwrap();
    assert_eq!(stored(&store), [1, 4]);
    drop(store);
    let store = open(folder.path());
    assert_eq!(stored(&store), [1, 4]);
    assert!(store.recovered().is_empty(), "{:?}", store.recovered());
}

#[test]
fn a_file_that_cannot_be_cut_back_is_left_for_another() {
    let folder = tempfile::tempdir().unwrap();
    let disk = SmallDisk::new(8_000);
    let medium: Arc<dyn Medium> = disk.clone();
    let store = SegmentStore::open_on(folder.path(), roomy(), now, medium).unwrap();
    store.append(&span(1, 3_000)).unwrap();
    disk.truncates.store(false, Ordering::Relaxed);
    assert!(is_full(store.append(&span(2, 20_000))));
    disk.left.store(1 << 20, Ordering::Relaxed);
    store.append(&span(3, 100)).unwrap();
    assert_eq!(stored(&store), [1, 3]);
    assert_eq!(store.view().segments.len(), 2);
    drop(store);
    let store = open(folder.path());
    assert_eq!(stored(&store), [1, 3]);
    assert_eq!(
        store.recovered().len(),
        1,
        "the half frame is said: {:?}",
        store.recovered()
    );
}

#[test]
fn a_disk_without_room_for_a_new_segment_leaves_no_file_behind() {
    let folder = tempfile::tempdir().unwrap();
    let disk = SmallDisk::new(10);
    let medium: Arc<dyn Medium> = disk.clone();
    let store = SegmentStore::open_on(folder.path(), roomy(), now, medium).unwrap();
    assert!(is_full(store.append(&span(1, 0))));
    let files = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, 0);
    disk.left.store(1 << 20, Ordering::Relaxed);
    store.append(&span(2, 0)).unwrap();
    assert_eq!(stored(&store), [2]);
}

#[test]
fn what_was_written_is_synced_soon_without_anybody_asking() {
    let folder = tempfile::tempdir().unwrap();
    let disk = SmallDisk::new(1 << 20);
    let medium: Arc<dyn Medium> = disk.clone();
    let store = SegmentStore::open_on(folder.path(), roomy(), now, medium).unwrap();
    store.append(&span(1, 0)).unwrap();
    wait_until("synced", || disk.syncs.load(Ordering::Relaxed) > 0);
    drop(store);
}

/// Waits for a condition, not for a time.
fn wait_until(what: &str, done: impl Fn() -> bool) {
    let limit = std::time::Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(std::time::Instant::now() < limit, "never: {what}");
        std::thread::yield_now();
    }
}

#[test]
fn after_a_sync_that_failed_writing_goes_on_in_another_file() {
    let folder = tempfile::tempdir().unwrap();
    let disk = SmallDisk::new(1 << 20);
    disk.unsyncable.store(true, Ordering::Relaxed);
    let medium: Arc<dyn Medium> = disk.clone();
    let store = SegmentStore::open_on(folder.path(), roomy(), now, medium).unwrap();
    store.append(&span(1, 0)).unwrap();
    wait_until("the failed sync closes the file", || {
        store
            .inner
            .lock()
            .as_ref()
            .is_some_and(|writer| writer.active.is_none())
    });
    disk.unsyncable.store(false, Ordering::Relaxed);
    store.append(&span(2, 0)).unwrap();
    assert_eq!(store.view().segments.len(), 2);
    assert_eq!(stored(&store), [1, 2]);
    store.close().unwrap();
}
