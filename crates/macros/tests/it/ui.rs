//! Tests of the compile errors for mistakes in the attributes.

#[test]
fn a_mistake_is_answered_with_what_to_write() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
}
