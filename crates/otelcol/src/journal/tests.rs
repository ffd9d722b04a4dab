use super::*;

#[tokio::test]
async fn the_end_of_a_log_is_kept_and_what_stands_out_is_noticed() {
    let journal = Journal::new(Losses::none(|| 0));
    let mut log: String = (0..20).map(|line| format!("line {line}\n")).collect();
    log.push_str("{\"level\":\"info\",\"msg\":\"Everything is ready. Begin running.\"}\n\n");
    log.push_str("Error: listen tcp 127.0.0.1:4317: bind: address already in use");
    journal.clone().follow(log.as_bytes()).await;
    let words = journal.last_words();
    let lines: Vec<_> = words.lines().collect();
    assert_eq!(lines.len(), LAST_LINES);
    assert_eq!(lines[0], "line 14");
    assert!(lines[LAST_LINES - 1].starts_with("Error: listen tcp"));
    let expected = Signs {
        readied: 1,
        port_taken: true,
    };
    assert_eq!(*journal.signs().borrow(), expected);
}

#[tokio::test]
async fn why_it_crashed_is_kept_before_a_long_stack() {
    let journal = Journal::new(Losses::none(|| 0));
    let mut log = "panic: nil pointer\n".to_owned();
    log.extend((0..50).map(|line| format!("\tgoroutine.go:{line}\n")));
    journal.clone().follow(log.as_bytes()).await;
    assert!(journal.last_words().starts_with("panic: nil pointer\n"));
}

#[tokio::test]
async fn what_an_exporter_did_not_hand_on_is_counted() {
    let losses = Losses::none(|| 0);
    let line = |component: &str, items: u64| {
        format!(
            "{{\"level\":\"error\",\"msg\":\"Exporting failed. Rejecting data.\",\
             \"otelcol.component.id\":\"{component}\",\"error\":\"disk full\",\
             \"rejected_items\":{items}}}\n"
        )
    };
    let mut log = line("file/traces", 3) + &line("otlp_grpc/remote", 1) + &line("file/traces", 4);
    log.push_str("{\"level\":\"info\",\"msg\":\"fine\",\"otelcol.component.id\":\"batch\"}\n");
    Journal::new(losses.clone()).follow(log.as_bytes()).await;
    let lost = serde_json::to_value(losses.seen()).unwrap();
    assert_eq!(lost["file/traces"]["items"], 7, "{lost}");
    assert_eq!(lost["file/traces"]["last_error"], "disk full");
    assert_eq!(lost.as_object().unwrap().len(), 2, "{lost}");
}

#[tokio::test]
async fn a_loss_is_counted_that_stands_in_a_line_with_a_long_stack() {
    let losses = Losses::none(|| 0);
    let line = format!(
        "{{\"level\":\"error\",\"stacktrace\":\"{}\",\"msg\":\"Exporting failed.\",\
         \"otelcol.component.id\":\"file/traces\",\"error\":\"disk full\",\
         \"rejected_items\":9}}\n",
        "goroutine ".repeat(6_000)
    );
    Journal::new(losses.clone()).follow(line.as_bytes()).await;
    let lost = serde_json::to_value(losses.seen()).unwrap();
    assert_eq!(lost["file/traces"]["items"], 9, "{lost}");
}

#[tokio::test]
async fn what_a_queue_on_disk_keeps_is_not_lost() {
    let line = |component: &str| {
        format!(
            "{{\"level\":\"error\",\"msg\":\"Exporting failed. Dropping data.\",\
             \"otelcol.component.id\":\"{component}\",\"dropped_items\":5,\
             \"error\":\"interrupted due to shutdown: connection refused\"}}\n"
        )
    };
    let log = line("otlp_grpc/remote") + &line("otlp_http/glassbox");
    for (durable, lost) in [(Some("remote"), 1), (None, 2)] {
        let losses = Losses::new(durable, || 0);
        Journal::new(losses.clone()).follow(log.as_bytes()).await;
        assert_eq!(losses.seen().len(), lost, "{durable:?}");
    }
}

#[test]
fn the_words_of_a_program_that_has_ended_are_one_line() {
    let said = b"{\"level\":\"error\",\"msg\":\"no\",\"error\":\"why\"}\n\n  at line 3\n";
    assert_eq!(Journal::words_of(said), "no: why; at line 3");
    assert_eq!(Journal::words_of(b""), "");
}

#[tokio::test]
async fn a_line_without_an_end_costs_no_memory() {
    let mut log = vec![b'x'; 3 * LONGEST_LINE];
    log.extend_from_slice(b"\nnext\n");
    let (mut pipe, mut line) = (log.as_slice(), Vec::new());
    assert!(read_line(&mut pipe, &mut line).await.unwrap());
    assert_eq!(line.len(), LONGEST_LINE);
    assert!(read_line(&mut pipe, &mut line).await.unwrap());
    assert_eq!(line, b"next");
    assert!(!read_line(&mut pipe, &mut line).await.unwrap());
}

#[test]
fn text_is_cut_between_letters() {
    assert_eq!(cut("aé", 2), "a");
    assert_eq!(cut("aé", 3), "aé");
}
