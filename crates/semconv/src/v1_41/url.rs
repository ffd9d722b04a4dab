//! URLs.

attributes! {
    /// `http`, `https`.
    SCHEME = "url.scheme";
    /// The path.
    PATH = "url.path";
    /// The query, with secrets taken out.
    QUERY = "url.query";
    /// The whole URL, with credentials and secrets taken out.
    FULL = "url.full";
    /// The template that a client filled in.
    TEMPLATE = "url.template";
}
