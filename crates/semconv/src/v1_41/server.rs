//! The two ends of an exchange, as the application names them.

attributes! {
    /// The server's name, or its address where no name is known.
    ADDRESS = "server.address";
    /// The server's port (int).
    PORT = "server.port";
    /// The client's name or address, behind any proxy.
    CLIENT_ADDRESS = "client.address";
    /// The client's port (int).
    CLIENT_PORT = "client.port";
}
