//! Error codes of ModelArts and of the gateway before it. What they mean for a caller is not
//! decided here.

/// An error code as an answer carries it.
///
/// The gateway's two spellings, `APIG.0308` and `APIGW.0308`, are the same code: compare with
/// [`ErrorCode::is`] or by [`ErrorCode::gateway`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ErrorCode<'a>(pub &'a str);

/// 400: the body is wrong, or the state does not allow the operation.
pub const BAD_REQUEST: &str = "ModelArts.50004000";
/// A patch came without the merge-patch content type.
pub const CONTENT_TYPE: &str = "ModelArts.50004100";
/// 409: the display name is taken.
pub const POOL_EXISTS: &str = "ModelArts.50015000";
/// 404: no such pool.
pub const POOL_NOT_FOUND: &str = "ModelArts.50015001";
/// 404: no such network.
pub const NETWORK_NOT_FOUND: &str = "ModelArts.50025001";
/// A pool still uses the network.
pub const NETWORK_IN_USE: &str = "ModelArts.50025002";
/// 404: no such flavor or template.
pub const FLAVOR_NOT_FOUND: &str = "ModelArts.50005101";
/// 401: the token is not valid.
pub const TOKEN_INVALID: &str = "ModelArts.50001000";
/// 500: internal error.
pub const INTERNAL: &str = "ModelArts.50005000";
/// 400: quota used up.
pub const QUOTA: &str = "ModelArts.0118";
/// 400: no such workspace.
pub const WORKSPACE_NOT_FOUND: &str = "ModelArts.7005";
/// 400: the workspace is not in its normal state.
pub const WORKSPACE_ABNORMAL: &str = "ModelArts.7004";
/// 400 or 403: the project in the path is not the one of the credentials.
pub const PROJECT_MISMATCH: &str = "ModelArts.0210";
/// 403: the key is not valid.
pub const KEY_INVALID: &str = "ModelArts.0206";
/// 403: not authorised.
pub const NOT_AUTHORISED: &str = "ModelArts.0108";
/// 401: the token has expired.
pub const TOKEN_EXPIRED: &str = "ModelArts.0202";
/// 403: the account owes money.
pub const IN_ARREARS: &str = "ModelArts.4116";
/// 403: the account is suspended.
pub const SUSPENDED: &str = "ModelArts.4118";

/// Gateway, 404: no such API. Says nothing about a pool.
pub const GATEWAY_NO_API: u16 = 101;
/// Gateway, 401: authentication failed.
pub const GATEWAY_AUTHENTICATION: u16 = 301;
/// Gateway, 403: not allowed to call.
pub const GATEWAY_NOT_ALLOWED: u16 = 302;
/// Gateway, 401: authentication failed.
pub const GATEWAY_AUTHENTICATION_APP: u16 = 303;
/// Gateway, 401: authentication failed.
pub const GATEWAY_AUTHENTICATION_OTHER: u16 = 305;
/// Gateway, 403: not allowed to call.
pub const GATEWAY_NOT_ALLOWED_OTHER: u16 = 306;
/// Gateway, 429: too many calls.
pub const GATEWAY_THROTTLED: u16 = 308;

impl<'a> ErrorCode<'a> {
    /// The number of a gateway code, under either prefix; nothing for another service's code.
    #[must_use]
    pub fn gateway(self) -> Option<u16> {
        let number = self.0.strip_prefix("APIGW.").or_else(|| self.0.strip_prefix("APIG."))?;
        number.parse().ok()
    }

    /// Whether both name the same error.
    #[must_use]
    pub fn is(self, other: &str) -> bool {
        match (self.gateway(), ErrorCode(other).gateway()) {
            (Some(one), Some(two)) => one == two,
            _ => self.0 == other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gateway_codes_are_compared_by_number() {
        assert_eq!(ErrorCode("APIG.0308").gateway(), Some(GATEWAY_THROTTLED));
        assert_eq!(ErrorCode("APIGW.0308").gateway(), Some(GATEWAY_THROTTLED));
        assert!(ErrorCode("APIGW.0308").is("APIG.0308"));
        assert!(!ErrorCode("APIGW.0308").is("APIG.0301"));
        assert_eq!(ErrorCode("ModelArts.0118").gateway(), None);
        assert_eq!(ErrorCode("APIGATE.0308").gateway(), None);
        assert!(ErrorCode("ModelArts.0118").is(QUOTA));
    }
}
