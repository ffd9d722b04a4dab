//! Code that must not compile in other crates, so that types can gain fields and variants.

#[test]
fn shapes_can_be_neither_written_out_nor_matched_exhaustively() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/closed/*.rs");
}
