//! What other crates may not write, so that shapes can grow.

#[test]
fn shapes_can_be_neither_written_out_nor_matched_exhaustively() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/closed/*.rs");
}
