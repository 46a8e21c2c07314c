//! The simulated file system forgets what it may forget, and nothing else.

use super::*;

const EIO: i32 = 5;

fn made(seed: u64) -> (SimFiles, Arc<dyn File>) {
    let files = SimFiles::new(seed);
    files.create_dir_all(Path::new("/d")).unwrap();
    let file = files.open(Path::new("/d/f"), true).unwrap();
    file.sync_data().unwrap();
    files.sync_dir(Path::new("/d")).unwrap();
    files.sync_dir(Path::new("/")).unwrap();
    (files, file)
}

fn contents(files: &SimFiles) -> Vec<u8> {
    files.read(Path::new("/d/f")).unwrap()
}

#[test]
fn synced_bytes_survive_and_others_go_as_told() {
    for (how, expected) in [(Crash::Lost, b"old!"), (Crash::Kept, b"new!")] {
        let (files, file) = made(1);
        file.write_all_at(b"old!", 0).unwrap();
        file.sync_data().unwrap();
        file.write_all_at(b"new!", 0).unwrap();
        assert_eq!(contents(&files), b"new!");
        files.crash(how);
        assert_eq!(contents(&files), expected);
        assert!(file.read_at(&mut [0], 0).is_err(), "a handle outlived the crash");
    }
}

#[test]
fn a_mixed_crash_tears_at_sectors_and_reorders() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let (files, file) = made(seed);
        file.write_all_at(&[1; 1024], 0).unwrap();
        file.sync_data().unwrap();
        file.write_all_at(&[2; 1024], 0).unwrap();
        file.write_all_at(&[3; 512], 512).unwrap();
        files.crash(Crash::Mixed);
        let bytes = contents(&files);
        assert!(bytes.chunks(512).all(|sector| sector.iter().all(|b| *b == sector[0])));
        seen.insert((bytes[0], bytes[512]));
    }
    let all = [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3)];
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), all);
}

#[test]
fn holes_read_zero_take_no_space_and_can_be_undone_by_a_crash() {
    let (files, file) = made(1);
    file.write_all_at(&[7; 2048], 0).unwrap();
    file.sync_data().unwrap();
    file.punch_hole(100, 1500).unwrap();
    let bytes = contents(&files);
    assert!(bytes[..100].iter().chain(&bytes[1600..]).all(|b| *b == 7));
    assert!(bytes[100..1600].iter().all(|b| *b == 0));
    assert_eq!(files.bytes_held(Path::new("/d/f")), 2 * 512);
    files.crash(Crash::Lost);
    assert_eq!(contents(&files), [7; 2048]);
}

#[test]
fn a_failed_sync_is_final_for_what_it_should_have_covered() {
    let (files, file) = made(1);
    file.write_all_at(&[1; 512], 0).unwrap();
    files.inject(SimFault { op: SimOp::Sync, path: "/d/f", skip: 0, times: 1, errno: EIO });
    assert_eq!(file.sync_data().unwrap_err().raw_os_error(), Some(EIO));
    file.write_all_at(&[2; 512], 512).unwrap();
    file.sync_data().unwrap();
    assert_eq!(contents(&files)[0], 1, "still readable");
    files.crash(Crash::Kept);
    assert_eq!((contents(&files)[0], contents(&files)[512]), (0, 2));
}

#[test]
fn names_are_lost_unless_their_directory_was_synced() {
    let (files, _) = made(1);
    for name in ["/d/a", "/d/b"] {
        files.open(Path::new(name), true).unwrap().sync_data().unwrap();
    }
    files.remove_file(Path::new("/d/f")).unwrap();
    files.create_dir_all(Path::new("/x/y")).unwrap();
    files.open(Path::new("/x/y/z"), true).unwrap();
    files.sync_dir(Path::new("/x/y")).unwrap();
    files.crash(Crash::Lost);
    assert_eq!(files.list(Path::new("/d")).unwrap(), [PathBuf::from("f")]);
    assert!(!files.exists(Path::new("/x/y/z")), "its directory was lost");
}

#[test]
fn a_durable_replacement_is_all_or_nothing_at_every_point_of_power_loss() {
    for cut in 1..20 {
        for how in [Crash::Lost, Crash::Kept, Crash::Mixed] {
            let (files, file) = made(cut);
            file.write_all_at(&[1; 3000], 0).unwrap();
            file.sync_data().unwrap();
            files.cut_power_after(cut);
            let done = files.write_durably(Path::new("/d/f"), &[2; 2000]);
            let dark = files.is_dark();
            assert_eq!(done.is_err(), dark);
            files.crash(how);
            let bytes = contents(&files);
            assert!(bytes == [2; 2000] || (dark && bytes == [1; 3000]), "cut {cut} {how:?}");
        }
    }
}

#[test]
fn faults_hit_the_operation_they_name_as_often_as_told() {
    let (files, file) = made(1);
    files.inject(SimFault { op: SimOp::Write, path: "f", skip: 1, times: 2, errno: 28 });
    let results: Vec<bool> = (0..4).map(|_| file.write_all_at(b"x", 0).is_ok()).collect();
    assert_eq!(results, [true, false, false, true]);
    files.inject(SimFault { op: SimOp::Read, path: "elsewhere", skip: 0, times: 9, errno: EIO });
    file.read_at(&mut [0], 0).unwrap();
}

#[test]
fn short_reads_are_short_and_never_empty() {
    let (files, file) = made(3);
    file.write_all_at(&[9; 5000], 0).unwrap();
    files.read_short(true);
    let sizes: Vec<usize> = (0..50).map(|_| file.read_at(&mut [0; 5000], 0).unwrap()).collect();
    assert!(sizes.iter().all(|n| (1..=5000).contains(n)) && sizes.iter().any(|n| *n < 2500));
    assert_eq!(contents(&files), [9; 5000]);
}

#[test]
fn a_marker_is_found_across_sectors_and_in_what_a_crash_could_bring_back() {
    let (files, file) = made(1);
    file.write_all_at(b"marker", 1 << 40 | 509).unwrap();
    assert_eq!(files.find(b"marker"), Some("/d/f".into()));
    assert_eq!(files.find(b"parker"), None);
    file.write_all_at(b"marker", 5000).unwrap();
    file.set_len(0).unwrap();
    assert_eq!(files.find(b"marker"), Some("/d/f".into()));
    file.sync_data().unwrap();
    assert_eq!(files.find(b"marker"), None);
}

#[test]
fn only_an_empty_directory_is_removed_alone_and_a_crash_may_bring_it_back() {
    let (files, _) = made(1);
    let dir = Path::new("/d");
    assert!(files.is_dir(dir) && !files.is_dir(Path::new("/d/f")));
    assert_eq!(files.list(Path::new("/d/f")).unwrap_err().kind(), ErrorKind::NotADirectory);
    assert_eq!(files.remove_dir(dir).unwrap_err().kind(), ErrorKind::DirectoryNotEmpty);
    assert_eq!(files.remove_dir(Path::new("/d/f")).unwrap_err().kind(), ErrorKind::NotADirectory);
    files.remove_file(Path::new("/d/f")).unwrap();
    files.sync_dir(dir).unwrap();
    files.remove_dir(dir).unwrap();
    assert_eq!(files.remove_dir(dir).unwrap_err().kind(), ErrorKind::NotFound);
    files.crash(Crash::Lost);
    assert!(files.is_dir(dir) && files.list(dir).unwrap().is_empty());
}
