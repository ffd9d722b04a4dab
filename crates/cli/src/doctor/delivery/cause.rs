//! The cause of a failed export, derived from its error text.

/// The cause of a failed export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Credentials,
    /// The collector requires a client certificate, or a different one.
    ClientCertificate,
    Certificate(Distrust),
    Unimplemented,
    Overloaded,
    Timeout,
    /// Accepted but discarded.
    Discarded,
    /// The server does not support HTTP/2, which gRPC requires.
    NoHttp2,
    Other,
}

impl Kind {
    /// Matches the texts of HTTP statuses, gRPC statuses and the TLS library.
    pub(super) fn of(error: &str) -> Self {
        // Certificates first: their errors contain times with arbitrary digits.
        const WORDS: [(&str, Kind); 29] = [
            // An alert comes from the peer: it concerns the client certificate, not the server's.
            ("alert: CertificateRequired", Kind::ClientCertificate),
            ("alert: UnknownCA", Kind::ClientCertificate),
            ("alert: BadCertificate", Kind::ClientCertificate),
            ("alert: CertificateExpired", Kind::ClientCertificate),
            ("alert: CertificateUnknown", Kind::ClientCertificate),
            ("BadSignature", Kind::Certificate(Distrust::Issuer)),
            ("UnknownIssuer", Kind::Certificate(Distrust::Issuer)),
            (
                "certificate not valid for name",
                Kind::Certificate(Distrust::Name),
            ),
            ("certificate expired", Kind::Certificate(Distrust::Time)),
            ("CaUsedAsEndEntity", Kind::Certificate(Distrust::Authority)),
            (
                "invalid peer certificate",
                Kind::Certificate(Distrust::Other),
            ),
            ("401 ", Kind::Credentials),
            ("403 ", Kind::Credentials),
            ("authentication credentials", Kind::Credentials),
            ("does not have permission", Kind::Credentials),
            ("discarded: ", Kind::Discarded),
            ("NoApplicationProtocol", Kind::NoHttp2),
            ("HTTP/2 was not negotiated", Kind::NoHttp2),
            ("404 ", Kind::Unimplemented),
            ("405 ", Kind::Unimplemented),
            ("not implemented", Kind::Unimplemented),
            ("429 ", Kind::Overloaded),
            ("502 ", Kind::Overloaded),
            ("503 ", Kind::Overloaded),
            ("504 ", Kind::Overloaded),
            ("currently unavailable", Kind::Overloaded),
            ("resource has been exhausted", Kind::Overloaded),
            ("get a response within", Kind::Timeout),
            ("timed out", Kind::Timeout),
        ];
        let found = WORDS.iter().find(|(words, _)| error.contains(words));
        found.map_or(Self::Other, |(_, kind)| *kind)
    }

    /// Whether the text differs between signals for the same cause: it contains the time of day, or
    /// the name of the missing service.
    pub(super) const fn words_differ(self) -> bool {
        matches!(self, Self::Certificate(_) | Self::Unimplemented)
    }

    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::ClientCertificate => "client_certificate",
            Self::Certificate(_) => "certificate",
            Self::Unimplemented => "not_accepted",
            Self::Overloaded => "overloaded",
            Self::Timeout => "no_answer",
            Self::Discarded => "discarded",
            Self::NoHttp2 | Self::Other => "refused",
        }
    }
}

/// Why a certificate is not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Distrust {
    Issuer,
    Name,
    Time,
    Authority,
    Other,
}

impl Distrust {
    pub(super) const fn what(self) -> &'static str {
        match self {
            Self::Issuer => "has a certificate from an authority that is not trusted here",
            Self::Name => "has a certificate for another name",
            Self::Time => "has a certificate that has expired",
            Self::Authority => "uses the certificate of an authority as its own",
            Self::Other => "has a certificate that is not trusted here",
        }
    }

    pub(super) const fn fix(self) -> &'static str {
        match self {
            Self::Name => "use an endpoint with a name that is in the certificate",
            Self::Time => "renew the collector's certificate, and check the clock of this machine",
            Self::Authority => "give the collector a certificate that is signed by the authority",
            Self::Issuer | Self::Other => "give the collector a certificate that is trusted here",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_known_in_the_words_of_either_protocol() {
        for (error, kind) in [
            (
                "failed to export: rejected with 401 Unauthorized",
                Kind::Credentials,
            ),
            (
                "failed to export: rejected with The request does not have valid authentication \
                 credentials: no token",
                Kind::Credentials,
            ),
            (
                "failed to export: rejected with 503 Service Unavailable: disk",
                Kind::Overloaded,
            ),
            ("failed to get a response within 8s", Kind::Timeout),
            (
                "failed to reach the backend: received fatal alert: CertificateRequired",
                Kind::ClientCertificate,
            ),
            (
                "failed to reach the backend: client error (Connect): invalid peer certificate: \
                 UnknownIssuer",
                Kind::Certificate(Distrust::Issuer),
            ),
            (
                "failed to export: rejected with Operation is not implemented or not supported",
                Kind::Unimplemented,
            ),
        ] {
            assert_eq!(Kind::of(error), kind, "{error}");
        }
    }
}
