//! The table of classes. Each row says why it is so.

use super::*;
use Failure::*;
use Operation::*;
use Sent::*;

type Row = (Operation, u16, &'static str, Failure, Sent, &'static str);

fn own(code: &str, message: &str) -> String {
    format!(r#"{{"error_code":"{code}","error_msg":"{message}"}}"#)
}

fn classified(operation: Operation, status: u16, body: &str) -> (Failure, Sent) {
    let body = ErrorBody::parse(status, body.as_bytes());
    classify(operation, Reply::Status(status, &body))
}

const HTML: &str = "<html>no</html>";

#[rustfmt::skip]
const ROWS: &[Row] = &[
    (CreatePool, 409, "ModelArts.50015000|Pool already exists.", Conflict, Rejected, "the name is taken"),
    (CreatePool, 400, "ModelArts.50015000|Pool already exists.", Conflict, Rejected, "the code decides"),
    (CreatePool, 409, "Other.1|conflict", Conflict, Rejected, "any conflict means look"),
    (CreatePool, 400, "ModelArts.50004000|Bad request", Invalid, Rejected, "a bad body"),
    (CreatePool, 400, "ModelArts.50004000|flavor x is sold out in zone", SoldOut, Rejected, "sold out has no code"),
    (CreatePool, 400, "ModelArts.0118|Insufficient.", Quota, Rejected, "the code of quotas"),
    (CreatePool, 403, "Other.1|Pool quota exceeded", Quota, Rejected, "the word quota"),
    (CreatePool, 400, "ModelArts.7005|workspace does not exist", Invalid, Rejected, "unknown workspace"),
    (CreatePool, 404, "ModelArts.50005101|Resourceflavor not found.", Invalid, Rejected, "unknown flavor"),
    (CreatePool, 404, "ModelArts.50025001|Network not exist.", Invalid, Rejected, "the network of the body, not a pool"),
    (CreatePool, 404, "ModelArts.50015001|pool not found", Invalid, Rejected, "a creation cannot find its pool gone"),
    (CreatePool, 404, "APIG.0101|API does not exist", Misrouted, Rejected, "wrong place"),
    (CreatePool, 422, "Other.1|no", Invalid, Rejected, "refused before execution"),
    (CreatePool, 415, "ModelArts.50004100|Content type not supported", Invalid, Rejected, "refused before execution"),
    (CreatePool, 429, "APIGW.0308|The throttling threshold has been reached", Throttled, Rejected, "the gateway stops it"),
    (CreatePool, 403, "APIG.0308|throttled", Throttled, Rejected, "the code decides"),
    (CreatePool, 401, "APIGW.0301|verify aksk signature fail", Unauthenticated, Rejected, "wrong key"),
    (CreatePool, 401, "APIGW.0301|AK access failed to reach the limit,forbidden", Locked, Rejected, "the cloud locked it"),
    (CreatePool, 401, "ModelArts.50001000|token is invalid", Expired, Rejected, "a new token mends it"),
    (CreatePool, 401, "APIG.0301|The token must be updated", Expired, Rejected, "a new token mends it"),
    (CreatePool, 401, "APIG.0301|decrypt token fail", Expired, Rejected, "a new token mends it"),
    (CreatePool, 403, "ModelArts.0203|Invalid token", Expired, Rejected, "a token by 403"),
    (CreatePool, 403, "ModelArts.0206|Invalid AK/SK", Unauthenticated, Rejected, "a key by 403"),
    (CreatePool, 403, "APIGW.0302|not allowed", Denied, Rejected, "permission"),
    (CreatePool, 403, "ModelArts.4116|in arrears", Denied, Rejected, "money"),
    (CreatePool, 403, "ModelArts.0210|project differs", Denied, Rejected, "the project of another"),
    (CreatePool, 500, "ModelArts.50005000|internal error", Transient, Doubtful, "may have been done"),
    (CreatePool, 500, "ModelArts.50015000|Pool already exists.", Transient, Doubtful, "a 5xx is never an answer"),
    (CreatePool, 503, HTML, Transient, Doubtful, "a proxy"),
    (CreatePool, 504, "", Transient, Doubtful, "the gateway gave up waiting"),
    (CreatePool, 408, "Other.1|slow", Transient, Doubtful, "may have been done"),
    (CreatePool, 400, HTML, Invalid, Doubtful, "a proxy's page may hide an answer"),
    (CreatePool, 403, HTML, Denied, Doubtful, "a proxy's page may hide an answer"),
    (CreatePool, 404, HTML, Misrouted, Doubtful, "a proxy's page may hide an answer"),
    (CreatePool, 409, "", Conflict, Doubtful, "nobody signed it"),
    (CreatePool, 429, "", Throttled, Doubtful, "nobody signed it"),
    (CreatePool, 307, "", Misrouted, Doubtful, "redirects are not followed"),
    (CreatePool, 308, "", Misrouted, Doubtful, "redirects are not followed"),
    (CreatePool, 102, "", Misrouted, Doubtful, "no end of a call"),
    (CreatePool, 600, "", Misrouted, Doubtful, "no status"),
    (ShowPool, 404, "ModelArts.50015001|pool not found", Gone, Rejected, "the service's own word"),
    (DeletePool, 404, "ModelArts.50015001|pool not found", Gone, Rejected, "the service's own word"),
    (PatchPool, 404, "ModelArts.50015001|pool not found", Gone, Rejected, "the service's own word"),
    (ListPoolNodes, 404, "ModelArts.50015001|pool not found", Gone, Rejected, "the service's own word"),
    (ShowPool, 404, "APIG.0101|API does not exist", Misrouted, Rejected, "the gateway knows no pools"),
    (ShowPool, 404, "APIGW.0101|API does not exist", Misrouted, Rejected, "the other prefix"),
    (ShowPool, 404, "", Misrouted, Doubtful, "a bare 404 proves nothing"),
    (ShowPool, 404, HTML, Misrouted, Doubtful, "a page proves nothing"),
    (ShowPool, 404, "ModelArts.50025001|Network not exist.", Invalid, Rejected, "another kind"),
    (ShowPool, 404, "Other.404|not found", Misrouted, Rejected, "a code we do not know"),
    (ShowPool, 410, "Other.1|gone", Invalid, Doubtful, "410 is not in the contract"),
    (ShowPool, 401, "", Unauthenticated, Doubtful, "no word about a token"),
    (ListPools, 404, "ModelArts.50015001|pool not found", Invalid, Rejected, "a list names no pool"),
    (ShowNetwork, 404, "ModelArts.50025001|Network not exist.", Gone, Rejected, "the service's own word"),
    (ShowNetwork, 404, "ModelArts.50015001|pool not found", Invalid, Rejected, "another kind"),
    (DeleteNetwork, 400, "ModelArts.50025002|network is in use", Conflict, Rejected, "the code decides"),
    (DeleteNetwork, 409, "ModelArts.50025002|network is in use", Conflict, Rejected, "the code decides"),
    (PatchPool, 400, "ModelArts.50004100|Content type not supported", Invalid, Rejected, "our own mistake"),
    (CreateToken, 401, r#"{"error":{"code":401,"message":"The username or password is wrong.","title":"Unauthorized"}}"#, Unauthenticated, Rejected, "IAM's shape"),
    (CreateToken, 401, r#"{"error":{"code":401,"message":"The account is locked.","title":"Unauthorized"}}"#, Locked, Rejected, "too many wrong passwords"),
];

#[test]
fn every_answer_has_its_class() {
    for (operation, status, body, failure, sent, why) in ROWS {
        let body = match body.split_once('|') {
            Some((code, message)) => own(code, message),
            None => (*body).to_owned(),
        };
        assert_eq!(
            classified(*operation, *status, &body),
            (*failure, *sent),
            "{operation:?} {status} {body}: {why}"
        );
    }
}

#[test]
fn ends_without_an_answer_have_their_class() {
    let of = |reply| classify(CreatePool, reply);
    assert_eq!(of(Reply::NotConnected), (Transient, NotSent));
    assert_eq!(of(Reply::Interrupted), (Transient, Doubtful));
    assert_eq!(of(Reply::Unreadable), (Malformed, Doubtful));
}

/// The rule that money hangs on, over all statuses: an answer that is not in the service's words
/// never says that a creation failed.
#[test]
fn without_the_services_words_every_status_leaves_doubt() {
    for status in 100..=999 {
        for body in ["", "<html></html>", "[]", r#"{"error_code":"half"}"#] {
            let (_, sent) = classified(CreatePool, status, body);
            assert_eq!(sent, Doubtful, "{status} {body}");
        }
    }
}

/// And over all operations: nothing but the two codes at 404 says that an object is gone.
#[test]
fn only_the_services_own_404_means_gone() {
    let codes = [codes::POOL_NOT_FOUND, codes::NETWORK_NOT_FOUND, "APIG.0101", "X.1"];
    for operation in Operation::ALL {
        for status in 100..=999 {
            for code in codes {
                let (failure, _) = classified(operation, status, &own(code, "m"));
                let may = status == 404
                    && match operation.target() {
                        Target::Pool => code == codes::POOL_NOT_FOUND,
                        Target::Network => code == codes::NETWORK_NOT_FOUND,
                        Target::None => false,
                    };
                assert_eq!(failure == Gone, may, "{operation:?} {status} {code}");
            }
        }
    }
}

#[test]
fn words_for_metrics_are_unique() {
    let mut words: Vec<&str> = Failure::ALL.iter().map(|failure| failure.as_str()).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), Failure::ALL.len());
}
