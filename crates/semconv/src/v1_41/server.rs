//! The server and the client of an exchange, as the application identifies them.

attributes! {
    /// The server's name, or its address if no name is known.
    ADDRESS = "server.address";
    /// The server's port (int).
    PORT = "server.port";
    /// The client's name or address, behind any proxy.
    CLIENT_ADDRESS = "client.address";
    /// The client's port (int).
    CLIENT_PORT = "client.port";
}
