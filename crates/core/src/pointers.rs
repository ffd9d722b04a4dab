//! Implements the contracts for pointers: `&T`, `Box<T>` and `Arc<T>` implement what `T` implements.

/// Implements a contract whose methods take `&self` for `&T`, `Box<T>` and `Arc<T>`.
macro_rules! through_pointers {
    ($(#[$attribute:meta])* $contract:ident { $($methods:tt)* }) => {
        $(#[$attribute])*
        impl<T: $contract + ?Sized> $contract for &T { $($methods)* }

        $(#[$attribute])*
        impl<T: $contract + ?Sized> $contract for Box<T> { $($methods)* }

        $(#[$attribute])*
        impl<T: $contract + ?Sized> $contract for std::sync::Arc<T> { $($methods)* }
    };
}
