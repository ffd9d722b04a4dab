use super::*;
use std::io::{Read, Write};
use std::net::TcpListener;

const PATIENCE: Duration = Duration::from_secs(5);

/// Accepts two connections, because a door is tried before it is used, and answers the second one.
fn someone_who_says(words: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (_tried, _) = listener.accept().unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        let mut heard = [0; 16];
        let _some = stream.read(&mut heard).unwrap();
        stream.write_all(words).unwrap();
    });
    port
}

async fn answer(words: &'static [u8]) -> Answer {
    let port = someone_who_says(words);
    let door = Door::find("127.0.0.1", port, PATIENCE).await.unwrap();
    door.post_nothing("/v1/traces").await
}

#[tokio::test]
async fn each_language_is_told_by_its_first_bytes() {
    assert_eq!(
        answer(b"\0\0\x06\x04\0\0\0\0\0\0\x05\0\0\x40\0").await,
        Answer::Http2
    );
    assert_eq!(answer(b"\x15\x03\x01\0\x02\x02\x46").await, Answer::Tls);
    assert_eq!(answer(b"").await, Answer::Closed);
    let ssh = answer(b"SSH-2.0-OpenSSH_9.2p1\r\n").await;
    assert_eq!(ssh, Answer::Other("SSH-2.0-OpenSSH_9.2p1".to_owned()));
    let Answer::Http(page) =
        answer(b"HTTP/1.1 404 Not Found\r\nServer: nginx\r\n\r\n<html>\n").await
    else {
        panic!("that was HTTP");
    };
    assert_eq!((page.status, page.server.as_deref()), (404, Some("nginx")));
    assert_eq!(page.first_line(), "<html>");
}

#[tokio::test]
async fn one_who_listens_and_says_nothing_is_silent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let door = Door::find("localhost", port, Duration::from_millis(50)).await;
    assert_eq!(door.unwrap().http2().await, Answer::Silent);
}

#[tokio::test]
async fn an_answer_is_whole_by_its_length_though_the_connection_goes_on() {
    for (words, expected) in [
        (&b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"[..], "ok"),
        // Neither a length nor an end: the text received in time.
        (b"HTTP/1.1 200 OK\r\n\r\nso far", "so far"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (hang_up, held) = std::sync::mpsc::sync_channel::<()>(1);
        std::thread::spawn(move || {
            let (_tried, _) = listener.accept().unwrap();
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(words).unwrap();
            let _asked = held.recv();
        });
        let patience = Duration::from_millis(500);
        let door = Door::find("127.0.0.1", port, patience).await.unwrap();
        let Answer::Http(page) = door.get("/").await else {
            panic!("that was HTTP");
        };
        assert_eq!((page.status, page.body.as_str()), (200, expected));
        drop(hang_up);
    }
}

#[tokio::test]
async fn nobody_and_no_name_are_two_things() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let found = Door::find("127.0.0.1", port, PATIENCE).await;
    assert!(matches!(found, Err(Unreached::Refused)), "{found:?}");
    let found = Door::find("no-such-host.invalid", port, PATIENCE).await;
    assert!(matches!(found, Err(Unreached::Name(_))), "{found:?}");
}
