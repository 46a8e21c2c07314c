//! Custom key stores (CloudHSM clusters, external key stores): this server has none and connects to none, so no id names one.
//! Their actions answer what AWS answers about stores, clusters and proxies that are not there.

use base::Refusal;

/// Refuses a key store's id or name, if one is given.
pub fn none_of(named: Option<&str>) -> Result<(), Refusal> {
    named.map_or(Ok(()), |name| Err(not_found(name)))
}

/// What is said of every id or name of a key store.
pub fn not_found(named: &str) -> Refusal {
    Refusal::new("CustomKeyStoreNotFoundException", "")
        .because(format!("custom key stores are not offered by this server, so there is no {named}"))
}
