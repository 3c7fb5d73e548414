//! What a refusal of Amazon Location means.

use aws_sdk_location::error::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::functions::{Code, Fault, Refusal};
use crate::sdk::{self, ServiceRefusal};

/// Sorts a failed search of the place index `name`.
pub fn fault<E: ProvideErrorMetadata>(error: &SdkError<E, Response>, name: &str) -> Fault {
    sdk::fault(error, |refusal| judge(refusal, name))
}

fn judge(refusal: &ServiceRefusal<'_>, name: &str) -> Option<Fault> {
    let service_code = Some(refusal.code.to_owned());
    match refusal.status {
        404 => {
            let message =
                format!("there is no place index {name:?} in this account and Region: check PLACE_INDEX_NAME");
            Some(Fault::Statement(Refusal { code: Code::ServiceError, message: message.into(), service_code }))
        }
        401 | 403 => {
            let message =
                format!("the function's role may not search the place index {name:?}: allow it in the role's policy");
            Some(Fault::Statement(Refusal { code: Code::AccessDenied, message: message.into(), service_code }))
        }
        400..500 => {
            let message = "Amazon Location refused the row";
            Some(Fault::Row(Refusal { code: Code::InvalidArgument, message: message.into(), service_code }))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_index_and_a_missing_right_are_the_statements_fault() {
        let judged = |status, code| judge(&ServiceRefusal { status, code, message: "" }, "index");
        assert!(matches!(judged(404, "ResourceNotFoundException"), Some(Fault::Statement(_))));
        assert!(
            matches!(judged(403, "AccessDeniedException"), Some(Fault::Statement(r)) if r.code == Code::AccessDenied)
        );
        assert!(matches!(judged(400, "ValidationException"), Some(Fault::Row(_))));
        assert_eq!(judged(302, ""), None);
    }
}
