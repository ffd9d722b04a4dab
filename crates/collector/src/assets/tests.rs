use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::*;

fn files_below(folder: &Path, found: &mut BTreeSet<String>, root: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, found, root);
        } else if path.extension().is_none_or(|extension| extension != "md") {
            found.insert(format!(
                "/assets/{}",
                path.strip_prefix(root).unwrap().display()
            ));
        }
    }
}

#[test]
fn every_file_of_the_folder_is_in_the_table_and_nothing_else() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("web");
    let mut folder = BTreeSet::new();
    files_below(&root, &mut folder, &root);
    let table = FILES
        .iter()
        .chain([&INDEX])
        .map(|file| file.path.to_owned());
    assert_eq!(table.collect::<BTreeSet<_>>(), folder);
}

#[test]
fn everything_the_document_asks_for_is_served() {
    let document = std::str::from_utf8(INDEX.bytes).unwrap();
    let asked: Vec<&str> = document
        .split('"')
        .filter(|text| text.starts_with("/assets/"))
        .collect();
    assert!(asked.len() > 5, "{asked:?}");
    for path in asked {
        assert!(FILES.iter().any(|file| file.path == path), "{path}");
    }
}

#[test]
fn files_are_served_with_their_type_and_once_per_change() {
    let first = serve(&INDEX, &HeaderMap::new());
    assert_eq!(first.status(), StatusCode::OK);
    assert_eq!(first.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
    let mut asked = HeaderMap::new();
    let tag = first.headers()[ETAG].to_str().unwrap();
    asked.insert(
        IF_NONE_MATCH,
        format!("\"other\", W/{tag}").parse().unwrap(),
    );
    assert_eq!(serve(&INDEX, &asked).status(), StatusCode::NOT_MODIFIED);
    asked.insert(IF_NONE_MATCH, "\"other\"".parse().unwrap());
    assert_eq!(serve(&INDEX, &asked).status(), StatusCode::OK);
}
