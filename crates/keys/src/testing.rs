//! Test helpers of this crate.

/// Does not compile if the type can be printed or cloned: with such an impl the method `hidden` has two candidates.
macro_rules! assert_hides_itself {
    ($secret:ty) => {{
        trait Hidden<Marker> {
            fn hidden() {}
        }
        struct ByDebug;
        struct ByDisplay;
        struct ByClone;
        impl<T: ?Sized> Hidden<()> for T {}
        impl<T: ?Sized + std::fmt::Debug> Hidden<ByDebug> for T {}
        impl<T: ?Sized + std::fmt::Display> Hidden<ByDisplay> for T {}
        impl<T: Clone> Hidden<ByClone> for T {}
        <$secret as Hidden<_>>::hidden();
    }};
}
pub(crate) use assert_hides_itself;
