//! Workflows run over a world in memory.

mod failing;
mod order;
mod running;
mod world;
