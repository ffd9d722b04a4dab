//! Model clients, streaming and the tool loop
