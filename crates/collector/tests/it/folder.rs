//! The data folder: its mode, its single owner, and what makes it unusable.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

use glassbox_collector::{Backend, Ownership, OwnershipError, StartError};
use prost::Message;

use crate::client::{export, get_json, send};
use crate::records::{now, span, traces};
use crate::{config, start, stop};

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread")]
async fn the_folder_is_made_for_its_owner_alone() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("deep").join(".glassbox");
    let backend = start(&folder).await;
    let prost = crate::records::logs("agent", vec![crate::records::log("a", 1, 9)]);
    let body = prost::Message::encode_to_vec(&prost);
    crate::client::export(backend.endpoints().http(), "/v1/logs", &body).await;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join("segments")), 0o700);
    assert_eq!(mode(&folder.join("lock")), 0o600);
    for entry in fs::read_dir(folder.join("segments")).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
    stop(backend).await;
    // If its mode was changed in between, it is restored.
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    stop(start(&folder).await).await;
    assert_eq!(mode(&folder), 0o700);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_full_of_other_things_keeps_its_mode() {
    let parent = tempfile::tempdir().unwrap();
    fs::write(parent.path().join("thesis.txt"), "mine").unwrap();
    fs::set_permissions(parent.path(), Permissions::from_mode(0o755)).unwrap();
    for _ in 0..2 {
        stop(start(parent.path()).await).await;
        assert_eq!(mode(parent.path()), 0o755);
    }
    assert_eq!(mode(&parent.path().join("segments")), 0o700);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_owner_is_told_who_the_first_is() {
    let folder = tempfile::tempdir().unwrap();
    let first = start(folder.path()).await;
    let error = Backend::start(config(folder.path())).await.unwrap_err();
    let StartError::Ownership(OwnershipError::Owned {
        owner: Some(owner), ..
    }) = &error
    else {
        panic!("{error:?}");
    };
    assert_eq!(owner.pid, std::process::id());
    let said = error.to_string();
    assert!(
        said.contains(&format!("process {}", std::process::id())),
        "{said}"
    );
    assert!(said.contains(folder.path().to_str().unwrap()), "{said}");
    assert!(said.contains(first.endpoints().page()), "{said}");
    stop(first).await;
    stop(start(folder.path()).await).await;
}

#[test]
fn the_folder_is_free_again_when_its_owner_lets_go() {
    let folder = tempfile::tempdir().unwrap();
    let first = Ownership::take(folder.path(), 1).unwrap();
    assert!(matches!(
        Ownership::take(folder.path(), 2),
        Err(OwnershipError::Owned { .. })
    ));
    drop(first);
    assert!(Ownership::take(folder.path(), 3).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_used_is_named() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    fs::write(&file, "not a folder").unwrap();
    // Permissions do not stop root, but a file in the way does.
    for folder in [file.clone(), file.join("below")] {
        let error = Backend::start(config(&folder)).await.unwrap_err();
        let said = error.to_string();
        assert!(said.contains(folder.to_str().unwrap()), "{said}");
        assert!(
            matches!(
                error,
                StartError::Ownership(OwnershipError::Unusable { .. })
            ),
            "{said}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_or_a_lock_file_of_nonsense_does_not_stop_a_start() {
    let folder = tempfile::tempdir().unwrap();
    stop(start(folder.path()).await).await;
    fs::write(folder.path().join("lock"), "{{{").unwrap();
    fs::write(folder.path().join("segments").join("pruned.json"), "{{{").unwrap();
    stop(start(folder.path()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_beyond_all_bounds_in_the_store_do_not_stop_a_start() {
    let folder = tempfile::tempdir().unwrap();
    let segments = folder.path().join("segments");
    fs::create_dir_all(&segments).unwrap();
    let foreign = segments.join(format!("{}.seg", u64::MAX));
    fs::write(&foreign, "mine").unwrap();
    let account = format!(r#"{{"segments":{0},"last_segment":{0}}}"#, u64::MAX);
    fs::write(segments.join("pruned.json"), account).unwrap();
    let backend = start(folder.path()).await;
    let body = traces("agent", vec![span(1, 1, 0, "step", now())]).encode_to_vec();
    export(backend.endpoints().http(), "/v1/traces", &body).await;
    stop(backend).await;
    assert_eq!(fs::read(&foreign).unwrap(), b"mine", "not a name of ours");
    let backend = start(folder.path()).await;
    let status = get_json(backend.endpoints().page(), "/api/status").await;
    assert_eq!(status["store"]["spans"], 1);
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_cannot_be_read_is_named_and_the_folder_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let segments = folder.path().join("segments");
    fs::write(&segments, "not a folder").unwrap();
    let error = Backend::start(config(folder.path())).await.unwrap_err();
    assert!(matches!(error, StartError::Store { .. }), "{error:?}");
    assert!(
        error.to_string().contains(segments.to_str().unwrap()),
        "{error}"
    );
    fs::remove_file(segments).unwrap();
    stop(start(folder.path()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_link_is_followed_and_what_is_behind_it_stays() {
    let parent = tempfile::tempdir().unwrap();
    let victim = parent.path().join("victim");
    fs::write(&victim, "{\"precious\": true}").unwrap();
    let target = parent.path().join("target");
    fs::create_dir(&target).unwrap();
    fs::set_permissions(&target, Permissions::from_mode(0o755)).unwrap();
    let linked = parent.path().join(".glassbox");
    symlink(&target, &linked).unwrap();
    let mut wrong = vec![linked];
    for (number, name) in ["lock", "lock", "lock", "lock", "segments"]
        .into_iter()
        .enumerate()
    {
        let folder = parent.path().join(number.to_string());
        fs::create_dir(&folder).unwrap();
        let path = folder.join(name);
        match number {
            0 => symlink(&victim, path).unwrap(),
            1 => fs::hard_link(&victim, path).unwrap(),
            2 => fs::create_dir(path).unwrap(),
            3 => fs::write(path, "my own file").unwrap(),
            _ => symlink(&target, path).unwrap(),
        }
        wrong.push(folder);
    }
    for folder in wrong {
        let error = Backend::start(config(&folder)).await.unwrap_err();
        assert!(
            error.to_string().contains(folder.to_str().unwrap()),
            "{error}"
        );
    }
    assert_eq!(fs::read_to_string(&victim).unwrap(), "{\"precious\": true}");
    assert_eq!(
        fs::read_to_string(parent.path().join("3/lock")).unwrap(),
        "my own file"
    );
    assert_eq!(mode(&target), 0o755);
    assert_eq!(fs::read_dir(&target).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_folder_is_noticed_before_anything_is_acknowledged_and_said() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data");
    let backend = start(&folder).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let body = traces("agent", vec![span(1, 1, 0, "step", now())]).encode_to_vec();
    export(http, "/v1/traces", &body).await;
    fs::remove_dir_all(&folder).unwrap();
    let protobuf = [("Content-Type", "application/x-protobuf")];
    let refused = send("POST", http, "/v1/traces", &protobuf, &body).await;
    assert_eq!(refused.status, 503);
    assert!(
        refused
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("retry-after"))
    );
    let status = get_json(page, "/api/status").await;
    let problem = status["store"]["problem"].as_str().unwrap();
    assert!(
        problem.contains("deleted") && problem.contains("restart"),
        "{problem}"
    );
    assert_eq!(status["notes"].as_array().unwrap().last().unwrap(), problem);

    // Another backend uses the path; the first one does not touch its files.
    let second = start(&folder).await;
    assert_eq!(
        send("POST", http, "/v1/traces", &protobuf, &body)
            .await
            .status,
        503
    );
    export(second.endpoints().http(), "/v1/traces", &body).await;
    stop(backend).await;
    let status = get_json(second.endpoints().page(), "/api/status").await;
    assert_eq!(status["store"]["spans"], 1);
    assert!(status["store"]["problem"].is_null());
    stop(second).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_has_one_backend_whatever_path_leads_to_it_and_without_its_lock_file() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data");
    let first = start(&folder).await;
    symlink(parent.path(), parent.path().join("alias")).unwrap();
    fs::remove_file(folder.join("lock")).unwrap();
    for path in ["data", "data/", "./data/.", "data/../data", "alias/data"] {
        let error = Backend::start(config(&parent.path().join(path)))
            .await
            .unwrap_err();
        assert!(
            matches!(error, StartError::Ownership(OwnershipError::Owned { .. })),
            "{path}: {error:?}"
        );
    }
    stop(first).await;
    stop(start(&folder).await).await;
}
