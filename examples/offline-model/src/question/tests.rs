use super::*;

fn places(question: &str) -> Vec<String> {
    let clauses = read(question).into_iter();
    let places = clauses.flat_map(|clause| clause.places);
    places.map(|place| place.label().to_owned()).collect()
}

#[test]
fn places_are_names_and_zones() {
    for (question, expected) in [
        ("What time is it in Tromsø?", vec!["Tromsø"]),
        (
            "Is it dark in New York or Rio de Janeiro?",
            vec!["New York", "Rio de Janeiro"],
        ),
        (
            "Compare Oslo, Bergen and Asia/Tokyo",
            vec!["Oslo", "Bergen", "Asia/Tokyo"],
        ),
        ("What is Oslo's time on Monday in May?", vec!["Oslo"]),
        ("Oslo: what time is it?", vec!["Oslo"]),
        ("Oslo tomorrow, how long is the day?", vec!["Oslo"]),
        ("Search everything", vec![]),
        ("From Oslo to Oslo", vec!["Oslo"]),
    ] {
        assert_eq!(places(question), expected, "{question}");
    }
}

#[test]
fn a_question_is_cut_where_it_asks_again() {
    let clauses =
        read("How long is the day in Oslo and Bergen tomorrow, and what time is it there? Thanks.");
    let texts: Vec<&str> = clauses.iter().map(|clause| clause.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "How long is the day in Oslo and Bergen tomorrow,",
            "what time is it there?",
            "Thanks."
        ]
    );
    assert_eq!(clauses[0].day.as_deref(), Some("tomorrow"));
    assert_eq!(clauses[1].day, None);
    assert_eq!(clauses[1].places, clauses[0].places);
}

#[test]
fn a_clause_may_mean_a_place_that_is_named_later() {
    let clauses = read("What time is it and is it dark in Oslo on 2026-11-22?");
    assert_eq!(clauses[0].places, [Place::Named("Oslo".to_owned())]);
    assert_eq!(clauses[1].day.as_deref(), Some("2026-11-22"));
}

#[test]
fn numbers_are_numbers() {
    assert_eq!(read("Add 2 and 3.5.")[0].numbers, [2.0, 3.5]);
    assert_eq!(read("Add -2 to inf")[0].numbers, [-2.0]);
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_question(text in "(\\PC{0,12}|and |what |Oslo |de |\\?|, |'s ){0,12}") {
        for clause in read(&text) {
            proptest::prop_assert!(!clause.text.is_empty());
            proptest::prop_assert!(clause.places.iter().all(|place| !place.label().is_empty()));
        }
    }
}
