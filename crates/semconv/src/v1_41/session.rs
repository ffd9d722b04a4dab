//! Sessions.

attributes! {
    /// The session that something belongs to.
    ID = "session.id";
    /// The session that this one continues.
    PREVIOUS_ID = "session.previous_id";
}
