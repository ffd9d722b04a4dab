//! Connections.

attributes! {
    /// The application protocol, if it is not the obvious one.
    PROTOCOL_NAME = "network.protocol.name";
    /// The version in use: `1.1`, `2`.
    PROTOCOL_VERSION = "network.protocol.version";
    /// `tcp`, `udp`, `pipe` or `unix`.
    TRANSPORT = "network.transport";
    /// The peer of the connection itself, without intermediaries.
    PEER_ADDRESS = "network.peer.address";
    /// The peer's port (int).
    PEER_PORT = "network.peer.port";
}
