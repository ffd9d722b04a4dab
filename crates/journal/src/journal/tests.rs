//! A journal on a medium that is full or fails.

use super::*;
use crate::medium::SegmentFile;
use crate::segment::START;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering::SeqCst};

/// A disk with faults that a test controls.
#[derive(Clone, Debug, Default)]
struct Faulty(Arc<Faults>);

#[derive(Debug)]
struct Faults {
    /// Bytes that can still be written.
    room: AtomicI64,
    /// How many syncs fail next.
    syncs: AtomicU32,
    /// How many truncations fail next.
    truncations: AtomicU32,
    /// How many syncs succeeded.
    synced: AtomicU32,
    /// Runs once, during the next sync.
    meanwhile: Meanwhile,
}

/// What a test does while a sync is in progress.
#[derive(Default)]
struct Meanwhile(Mutex<Option<Box<dyn FnOnce() + Send>>>);

impl fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meanwhile")
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            room: AtomicI64::new(i64::MAX),
            syncs: AtomicU32::default(),
            truncations: AtomicU32::default(),
            synced: AtomicU32::default(),
            meanwhile: Meanwhile::default(),
        }
    }
}

#[derive(Debug)]
struct FaultyFile {
    file: Arc<dyn SegmentFile>,
    faults: Arc<Faults>,
}

impl Faulty {
    fn wrap(&self, file: Arc<dyn SegmentFile>) -> Arc<dyn SegmentFile> {
        let faults = Arc::clone(&self.0);
        Arc::new(FaultyFile { file, faults })
    }
}

impl Medium for Faulty {
    fn create(&self, folder: &Folder, name: &str) -> io::Result<Arc<dyn SegmentFile>> {
        Ok(self.wrap(Disk.create(folder, name)?))
    }

    fn open(&self, folder: &Folder, name: &str) -> io::Result<Arc<dyn SegmentFile>> {
        Ok(self.wrap(Disk.open(folder, name)?))
    }
}

fn fails(left: &AtomicU32) -> bool {
    let spend = |left: u32| left.checked_sub(1);
    left.fetch_update(SeqCst, SeqCst, spend).is_ok()
}

impl SegmentFile for FaultyFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let len = bytes.len() as i64;
        let room = self.faults.room.fetch_sub(len, SeqCst);
        if room >= len {
            return self.file.write_at(bytes, offset);
        }
        self.faults.room.fetch_add(len, SeqCst);
        // A short write, as on a disk that becomes full.
        let part = usize::try_from(room.max(0)).unwrap();
        self.file.write_at(&bytes[..part], offset)?;
        Err(io::ErrorKind::StorageFull.into())
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        match fails(&self.faults.truncations) {
            true => Err(io::Error::other("no")),
            false => self.file.truncate(len),
        }
    }

    fn sync(&self) -> io::Result<()> {
        let meanwhile = self.faults.meanwhile.0.lock().unwrap().take();
        if let Some(meanwhile) = meanwhile {
            meanwhile();
        }
        match fails(&self.faults.syncs) {
            true => Err(io::Error::other("the disk is gone")),
            false => {
                self.faults.synced.fetch_add(1, SeqCst);
                self.file.sync()
            }
        }
    }

    fn is_linked(&self) -> bool {
        self.file.is_linked()
    }
}

fn open(path: &Path, medium: &Faulty) -> Journal {
    let folder = Folder::create(path).unwrap();
    Journal::within(folder, Options::new(), Box::new(medium.clone())).unwrap()
}

/// The payloads of all records, `None` for each that is missing.
fn all(journal: &Journal) -> Vec<Option<Vec<u8>>> {
    let mut reader = journal.reader(0);
    let mut all = Vec::new();
    while let Some(read) = reader.next().unwrap() {
        match read {
            Read::Record(record) => all.push(Some(record.payload().to_vec())),
            Read::Missing { first, next } => all.extend((first..next).map(|_| None)),
        }
    }
    all
}

fn some(payloads: &[&[u8]]) -> Vec<Option<Vec<u8>>> {
    let payloads = payloads.iter().map(|payload| Some(payload.to_vec()));
    payloads.collect()
}

#[test]
fn a_full_disk_leaves_no_half_record_and_writing_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let faulty = Faulty::default();
    let journal = open(folder.path(), &faulty);
    journal.append(0, b"one").unwrap();
    faulty.0.room.store(30, SeqCst);
    let error = journal
        .append(0, b"a record that does not fit")
        .unwrap_err();
    assert!(matches!(error, AppendError::Io(_)), "{error}");
    faulty.0.room.store(i64::MAX, SeqCst);
    assert_eq!(journal.append(0, b"two").unwrap(), 2);
    assert_eq!(all(&journal), some(&[b"one", b"two"]));
    drop(journal);
    let journal = open(folder.path(), &faulty);
    assert_eq!(journal.recovered().torn_bytes, 0);
    assert_eq!(all(&journal), some(&[b"one", b"two"]));
}

#[test]
fn a_half_record_that_cannot_be_cut_off_is_left_behind_in_its_segment() {
    let folder = tempfile::tempdir().unwrap();
    let faulty = Faulty::default();
    let journal = open(folder.path(), &faulty);
    journal.append(0, b"one").unwrap();
    faulty.0.room.store(30, SeqCst);
    faulty.0.truncations.store(1, SeqCst);
    journal
        .append(0, b"a record that does not fit")
        .unwrap_err();
    faulty.0.room.store(i64::MAX, SeqCst);
    // Its sequence is not used again.
    assert_eq!(journal.append(0, b"two").unwrap(), 3);
    let expected = [some(&[b"one"]), vec![None], some(&[b"two"])].concat();
    assert_eq!(all(&journal), expected);
    drop(journal);
    assert_eq!(all(&open(folder.path(), &faulty)), expected);
}

#[test]
fn a_segment_that_cannot_begin_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let faulty = Faulty::default();
    let journal = open(folder.path(), &faulty);
    faulty.0.room.store(10, SeqCst);
    journal.append(0, b"one").unwrap_err();
    assert!(!folder.path().join(segment::name(1)).exists());
    faulty.0.room.store(i64::MAX, SeqCst);
    assert_eq!(journal.append(0, b"one").unwrap(), 1);
}

#[test]
fn what_a_failed_sync_left_in_doubt_is_never_called_durable() {
    let folder = tempfile::tempdir().unwrap();
    let faulty = Faulty::default();
    let journal = open(folder.path(), &faulty);
    journal.append_durable(0, b"one").unwrap();
    faulty.0.syncs.store(1, SeqCst);
    let error = journal.append_durable(0, b"two").unwrap_err();
    let failed = |error: &DurableError, told: bool| match error {
        DurableError::Sync(SyncError::Failed {
            first,
            last,
            source,
        }) => (*first, *last) == (2, 2) && source.is_some() == told,
        _ => false,
    };
    assert!(failed(&error, true), "{error:?}");
    // A second sync of the same file would succeed, but prove nothing.
    let error = journal.0.sync_to(2).unwrap_err();
    assert!(failed(&error.into(), false));
    assert_eq!(journal.append_durable(0, b"three").unwrap(), 3);
    assert!(
        folder.path().join(segment::name(3)).exists(),
        "a new segment"
    );
    assert_eq!(all(&journal), some(&[b"one", b"two", b"three"]));
}

#[test]
fn files_that_wait_for_a_sync_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options::new().with_max_record(64).with_segment_bytes(88);
    let journal = Journal::open(folder.path(), options).unwrap();
    for _ in 0..100 {
        journal.append(0, &[0; 64]).unwrap();
    }
    let open = std::fs::read_dir("/proc/self/fd").unwrap().filter(|entry| {
        let target = std::fs::read_link(entry.as_ref().unwrap().path());
        target.is_ok_and(|target| target.starts_with(folder.path()))
    });
    // The segments, the lock and the folder.
    assert!(open.count() <= 12);
    journal.sync().unwrap();
}

#[test]
fn a_record_that_was_appended_during_a_failed_sync_is_in_doubt_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let faulty = Faulty::default();
    let journal = open(folder.path(), &faulty);
    let writer = journal.clone();
    let append = move || assert_eq!(writer.append(0, b"two").unwrap(), 2);
    *faulty.0.meanwhile.0.lock().unwrap() = Some(Box::new(append));
    faulty.0.syncs.store(1, SeqCst);
    journal.append_durable(0, b"one").unwrap_err();
    // It is in the file that failed, and no later sync covers that file.
    let error = journal.0.sync_to(2).unwrap_err();
    assert!(
        matches!(
            error,
            SyncError::Failed {
                first: 1,
                last: 2,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(journal.append_durable(0, b"three").unwrap(), 3);
}

#[test]
fn what_a_killed_writer_left_in_older_segments_is_made_durable_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let faulty = Faulty::default();
    let options = || Options::new().with_max_record(64).with_segment_bytes(88);
    let within = |options| {
        let folder = Folder::create(folder.path()).unwrap();
        Journal::within(folder, options, Box::new(faulty.clone())).unwrap()
    };
    // A writer that is killed does not sync when it ends, nor does one that is dropped.
    let journal = within(options());
    for _ in 0..5 {
        journal.append(0, &[0; 64]).unwrap();
    }
    drop(journal);
    let journal = within(options());
    // The first of the five segments fails.
    faulty.0.syncs.store(1, SeqCst);
    let error = journal.sync().unwrap_err();
    assert!(
        matches!(
            error,
            SyncError::Failed {
                first: 1,
                last: 5,
                ..
            }
        ),
        "{error}"
    );
    drop(journal);
    let journal = within(options());
    journal.sync().unwrap();
    assert_eq!(faulty.0.synced.load(SeqCst), 5, "each once");
}

#[test]
fn a_segment_that_got_no_record_before_a_sync_failed_does_not_stop_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let faulty = Faulty::default();
    let options = Options::new().with_max_record(64).with_segment_bytes(88);
    let journal = Journal::within(
        Folder::create(folder.path()).unwrap(),
        options,
        Box::new(faulty.clone()),
    );
    let journal = journal.unwrap();
    journal.append(0, &[0; 64]).unwrap();
    // Room for the second segment's header, but not for its record.
    faulty.0.room.store(START as i64 + 10, SeqCst);
    journal.append(0, &[1; 64]).unwrap_err();
    faulty.0.syncs.store(1, SeqCst);
    journal.sync().unwrap_err();
    faulty.0.room.store(i64::MAX, SeqCst);
    assert_eq!(journal.append_durable(0, &[2; 64]).unwrap(), 2);
}

#[test]
fn a_record_that_is_too_large_to_read_is_kept_and_its_reader_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let large = Options::new()
        .with_max_record(65 << 20)
        .with_segment_bytes(66 << 20);
    let journal = Journal::open(folder.path(), large).unwrap();
    journal.append(0, b"one").unwrap();
    journal.append(0, &vec![7; 65 << 20]).unwrap();
    let bytes = journal.bytes();
    drop(journal);
    let journal = Journal::open(folder.path(), Options::new()).unwrap();
    assert_eq!(journal.recovered().torn_bytes, 0);
    assert_eq!((journal.bytes(), journal.end()), (bytes, 3));
    let mut reader = journal.reader(2);
    let told = reader.next().unwrap_err();
    assert!(
        matches!(told, crate::ReadError::TooLarge { sequence: 2, .. }),
        "{told}"
    );
    assert_eq!(reader.next().unwrap(), None);
}

#[test]
fn the_room_of_a_segment_is_free_when_it_was_pruned() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options::new().with_max_record(64).with_segment_bytes(88);
    let journal = Journal::open(folder.path(), options).unwrap();
    let cursor = journal.cursor("c").unwrap();
    for _ in 0..6 {
        journal.append(0, &[0; 64]).unwrap();
    }
    cursor.acknowledge(6).unwrap();
    assert_eq!(journal.prune().unwrap().len(), 5);
    // A file without a name keeps its room as long as a handle to it is open.
    let held = std::fs::read_dir("/proc/self/fd").unwrap().filter(|entry| {
        let target = std::fs::read_link(entry.as_ref().unwrap().path());
        target.is_ok_and(|target| {
            target.starts_with(folder.path()) && target.to_string_lossy().ends_with("(deleted)")
        })
    });
    assert_eq!(held.count(), 0);
    journal.append_durable(0, b"x").unwrap();
}
