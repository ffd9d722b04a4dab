//! Which tools are called, in which order, and with which answer.

use crate::client::{talk, travel, travelled};
use serde_json::{Value, json};

fn names(turns: &[Vec<(String, Value)>]) -> Vec<Vec<&str>> {
    let mut names = Vec::new();
    for turn in turns {
        names.push(turn.iter().map(|call| call.0.as_str()).collect());
    }
    names
}

#[tokio::test]
async fn what_one_tool_needs_is_asked_of_another_first() {
    let question = "How long is the day in Tromsø tomorrow, and what time is it there now?";
    let talk = talk(question, &travel(), travelled).await;
    assert_eq!(
        names(&talk.turns),
        [vec!["geocode"], vec!["daylight", "local_time"]]
    );
    assert_eq!(talk.turns[0][0].1, json!({"city": "Tromsø"}));
    assert_eq!(
        talk.turns[1][0].1,
        json!({"latitude": 69.65, "longitude": 18.96, "date": "tomorrow", "timezone": "Europe/Oslo"})
    );
    assert_eq!(talk.turns[1][1].1, json!({"timezone": "Europe/Oslo"}));
    assert_eq!(
        talk.answer,
        "In Tromsø on 2026-11-22, the sun rises at 10:31 and sets at 12:21, and the day is 1 h 50 min long. \
         In Tromsø, it is 06:17 on Saturday 2026-11-21 (Europe/Oslo, UTC+01:00)."
    );
}

#[tokio::test]
async fn a_tool_for_two_gets_two() {
    let talk = talk(
        "What is the time difference between Oslo and Tokyo?",
        &travel(),
        travelled,
    )
    .await;
    assert_eq!(
        names(&talk.turns),
        [vec!["geocode", "geocode"], vec!["time_difference"]]
    );
    assert_eq!(
        talk.turns[1][0].1,
        json!({"from_timezone": "Europe/Oslo", "to_timezone": "Asia/Tokyo"})
    );
    assert_eq!(talk.answer, "Asia/Tokyo is 8 h ahead of Europe/Oslo.");
}

#[tokio::test]
async fn each_place_is_asked_about() {
    let talk = talk(
        "What time is it in Oslo and New York?",
        &travel(),
        travelled,
    )
    .await;
    assert_eq!(talk.turns[0][1].1, json!({"city": "New York"}));
    assert_eq!(
        names(&talk.turns),
        [vec!["geocode", "geocode"], vec!["local_time"]],
        "both are in one zone here, so one call tells both"
    );
    assert!(
        talk.answer.contains("In Oslo, it is 06:17"),
        "{}",
        talk.answer
    );
    assert!(
        talk.answer.contains("In New York, it is 06:17"),
        "{}",
        talk.answer
    );
}

#[tokio::test]
async fn a_zone_needs_no_city() {
    let talk = talk("What time is it in Asia/Tokyo?", &travel(), travelled).await;
    assert_eq!(names(&talk.turns), [vec!["local_time"]]);
    assert_eq!(talk.turns[0][0].1, json!({"timezone": "Asia/Tokyo"}));
}

#[tokio::test]
async fn a_failure_is_told_and_the_rest_answered() {
    let question = "Do I need an umbrella in Bergen, and what time is it there?";
    let talk = talk(question, &travel(), travelled).await;
    assert_eq!(
        names(&talk.turns),
        [vec!["geocode"], vec!["weather", "local_time"]]
    );
    assert_eq!(
        talk.answer,
        "I could not get an answer from weather for Bergen: api.open-meteo.com cannot be reached. \
         In Bergen, it is 06:17 on Saturday 2026-11-21 (Europe/Oslo, UTC+01:00)."
    );
}

#[tokio::test]
async fn what_hangs_on_a_failure_is_not_tried_again() {
    let question = "When is sunset in Atlantis today and what time is it there?";
    let talk = talk(question, &travel(), travelled).await;
    assert_eq!(names(&talk.turns), [vec!["geocode"]]);
    assert_eq!(
        talk.answer,
        "I could not get an answer from geocode for Atlantis: no city is called 'Atlantis'."
    );
}

#[tokio::test]
async fn where_something_is_needs_one_call() {
    let talk = talk("Where is Tromsø?", &travel(), travelled).await;
    assert_eq!(names(&talk.turns), [vec!["geocode"]]);
    assert_eq!(
        talk.answer,
        "In Tromsø, the coordinates in Norway are 69.65, 18.96, time zone Europe/Oslo."
    );
}

#[tokio::test]
async fn it_knows_no_tool_by_heart() {
    let tools = json!([
        {"type": "function", "function": {"name": "square_root", "description": "Computes the root of a number.",
            "parameters": {"type": "object", "properties": {"value": {"type": "number"}}, "required": ["value"]}}},
        {"type": "function", "function": {"name": "search_library", "description": "Searches books by title.",
            "parameters": {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]}}}
    ]);
    let act = |name: &str, arguments: &Value| match name {
        "square_root" => json!({"root": arguments["value"].as_f64().unwrap().sqrt()}),
        _ => json!({"titles": ["Walden", "Moby-Dick"]}),
    };
    let root = talk("What is the square root of 81?", &tools, act).await;
    assert_eq!(
        root.turns,
        [vec![("square_root".to_owned(), json!({"value": 81.0}))]]
    );
    assert_eq!(root.answer, "Root: 9.0.");
    let books = talk("Search the library for whales", &tools, act).await;
    assert_eq!(names(&books.turns), [vec!["search_library"]]);
    assert_eq!(books.answer, "Titles: Walden, Moby-Dick.");
}

#[tokio::test]
async fn names_that_say_nothing_are_told_by_their_description() {
    let city = json!({"type": "string", "description": "The name of a city."});
    let tools = json!([{"type": "function", "function": {
        "name": "distance", "description": "Tells how far it is between two cities.",
        "parameters": {"type": "object", "properties": {"from": city, "to": city}, "required": ["to", "from"]},
    }}]);
    let act = |_: &str, _: &Value| json!({"distance_km": 305});
    let talk = talk("What is the distance from Oslo to Bergen?", &tools, act).await;
    assert_eq!(talk.turns[0][0].1, json!({"from": "Oslo", "to": "Bergen"}));
    assert_eq!(talk.answer, "In Oslo and Bergen, distance km: 305.");
}

#[tokio::test]
async fn without_a_tool_it_says_so() {
    let talk = talk("Who painted the Mona Lisa?", &travel(), travelled).await;
    assert!(talk.turns.is_empty());
    assert_eq!(
        talk.answer,
        "I have no tool for “Who painted the Mona Lisa?”. I am an offline model: I follow rules, and I understand \
         only English. You can ask me, for example: What time is it in Tokyo? How long is the day in Oslo tomorrow? \
         What is the weather in Bergen?"
    );
    for question in [
        "Wie spät ist es in Berlin?",
        "東京は今何時ですか",
        "hello",
        "",
    ] {
        let talk = self::talk(question, &travel(), travelled).await;
        assert!(
            talk.answer.contains("only English"),
            "{question}: {}",
            talk.answer
        );
    }
}

#[tokio::test]
async fn the_examples_that_it_gives_are_questions_that_it_answers() {
    let lost = talk("Who painted the Mona Lisa?", &travel(), travelled).await;
    let (_, examples) = lost.answer.split_once("for example: ").unwrap();
    let examples: Vec<&str> = examples.split_inclusive('?').map(str::trim).collect();
    assert_eq!(examples.len(), 3, "{examples:?}");
    for example in examples {
        let answered = talk(example, &travel(), travelled).await;
        assert!(!answered.turns.is_empty(), "{example}");
    }
}

#[tokio::test]
async fn a_tool_that_asks_back_asks_the_user() {
    let act = |name: &str, arguments: &Value| match name {
        "geocode" => json!({"code": "geocoding.ambiguous_city", "category": "invalid",
            "message": "3 cities are called 'Springfield': a; b; c. Which one is meant? Pass its country"}),
        _ => travelled(name, arguments),
    };
    let talk = talk("What time is it in Springfield?", &travel(), act).await;
    assert_eq!(
        talk.answer,
        "3 cities are called 'Springfield': a; b; c. Which one is meant?"
    );
}

#[tokio::test]
async fn a_question_without_a_place_is_answered_with_one() {
    for (question, expected) in [
        (
            "What time is it?",
            "I could ask local time, but “What time is it?” does not say where: name a city.",
        ),
        (
            "How is the weather?",
            "I could ask weather, but “How is the weather?” does not say where: name a city.",
        ),
        (
            "blorp fnord xyzzy",
            "I have no tool for “blorp fnord xyzzy”. I am an offline model: I follow rules, and I understand only \
             English. You can ask me, for example: What time is it in Tokyo? How long is the day in Oslo tomorrow? \
             What is the weather in Bergen?",
        ),
    ] {
        let talk = talk(question, &travel(), travelled).await;
        assert!(talk.turns.is_empty(), "{question}");
        assert_eq!(talk.answer, expected);
    }
}

#[tokio::test]
async fn a_place_may_be_written_small_or_quoted() {
    for (question, city) in [
        ("what time is it in tokyo now?", "tokyo"),
        ("how is the weather in new york tomorrow", "new york"),
        ("What time is it in \"New York\"?", "New York"),
        ("What time is it in 'são paulo'?", "são paulo"),
    ] {
        let talk = talk(question, &travel(), travelled).await;
        assert_eq!(talk.turns[0][0].1, json!({"city": city}), "{question}");
        assert_eq!(talk.turns.len(), 2, "{question}: {}", talk.answer);
    }
}

#[tokio::test]
async fn a_free_text_is_what_the_question_quotes() {
    let tools = json!([{"type": "function", "function": {
        "name": "count_words", "description": "Counts the words of a text.",
        "parameters": {"type": "object", "required": ["text"],
            "properties": {"text": {"type": "string", "description": "What is counted."}}},
    }}]);
    let act = |_: &str, arguments: &Value| json!({"words": arguments["text"].as_str().unwrap().split_whitespace().count()});
    for (question, text) in [
        (
            "How many words are in \"To be, or not to be. That is the question\"?",
            "To be, or not to be. That is the question",
        ),
        ("Count the words of 'Oslo and Bergen'.", "Oslo and Bergen"),
        (
            "Here is a text: “It’s Tom’s.” How many words has it?",
            "It’s Tom’s.",
        ),
        ("Count the words: to be or not to be", "to be or not to be"),
        (
            "Count the words of this question, please.",
            "Count the words of this question, please.",
        ),
    ] {
        let talk = talk(question, &tools, act).await;
        assert_eq!(
            talk.turns,
            [vec![("count_words".to_owned(), json!({"text": text}))]]
        );
        let words = text.split_whitespace().count();
        assert_eq!(talk.answer, format!("Words: {words}."), "{question}");
    }
}
