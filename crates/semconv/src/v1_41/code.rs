//! The location in the source code that emitted something.

attributes! {
    /// The path of the source file.
    FILE_PATH = "code.file.path";
    /// The line in the source file (int).
    LINE_NUMBER = "code.line.number";
    /// The qualified name of the function.
    FUNCTION_NAME = "code.function.name";
}
