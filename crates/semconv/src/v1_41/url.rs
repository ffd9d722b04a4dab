//! URLs.

attributes! {
    /// `http`, `https`.
    SCHEME = "url.scheme";
    /// The path.
    PATH = "url.path";
    /// The query, with secrets removed.
    QUERY = "url.query";
    /// The whole URL, with credentials and secrets removed.
    FULL = "url.full";
    /// The template from which a client built the URL.
    TEMPLATE = "url.template";
}
