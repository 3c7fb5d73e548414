//! What SQL calls by name: the list, and the one trait that a function fulfils.
//!
//! A new function is one file and one line in [`Functions::new`].

mod ask_bedrock;
mod fault;
mod get_coordinate;
mod models;

use std::borrow::Cow;
use std::sync::Arc;

use futures_util::future::BoxFuture;

pub use ask_bedrock::AskBedrock;
pub use fault::{Code, Fault, Moment, Refusal};
pub use get_coordinate::GetCoordinate;
pub use models::ModelPatterns;

/// The arguments of one row, in the order of [`Function::parameters`]; `None` is NULL.
pub type Arguments<'a> = Vec<Option<Cow<'a, str>>>;

/// The arguments of a row that has no NULL among them.
pub type Texts<'a> = [&'a str];

/// A function's value for one row, as JSON text.
pub type Value = Box<str>;

/// What a call is made to, and whose quota it uses.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// The service, and the model or the place index.
    pub name: String,
    /// Calls a second that the service is known to take, where that is known before the first call.
    pub per_second: Option<u32>,
}

/// One function that SQL can call.
///
/// Every parameter is a VARCHAR. A row with a NULL argument never reaches the function: its answer is NULL.
pub trait Function: Send + Sync {
    /// The name, as the path of a request has it.
    fn name(&self) -> &'static str;

    /// The names of the parameters, in order.
    fn parameters(&self) -> &'static [&'static str];

    /// Whether the service's terms let its answers be kept, so that a batch may be journaled.
    fn may_be_kept(&self) -> bool {
        true
    }

    /// Checks a row without a service call, and says what the call will be made to.
    ///
    /// # Errors
    ///
    /// [`Fault::Statement`] or [`Fault::Row`], the statement's fault first: a row that names a model which is not
    /// allowed is refused for that, whatever else is wrong with it.
    fn target(&self, arguments: &Texts<'_>) -> Result<Target, Fault>;

    /// Makes the service call for a row that [`Function::target`] accepted, once.
    fn call<'a>(&'a self, arguments: &'a Texts<'a>) -> BoxFuture<'a, Result<Value, Fault>>;
}

/// The functions, by name.
pub struct Functions(Vec<Arc<dyn Function>>);

/// Another list than that of [`Functions::new`].
impl FromIterator<Arc<dyn Function>> for Functions {
    fn from_iter<I: IntoIterator<Item = Arc<dyn Function>>>(functions: I) -> Self {
        Self(functions.into_iter().collect())
    }
}

impl Functions {
    /// The list.
    pub fn new(ask_bedrock: AskBedrock, get_coordinate: GetCoordinate) -> Self {
        Self(vec![Arc::new(ask_bedrock), Arc::new(get_coordinate)])
    }

    /// The function of that name.
    ///
    /// # Errors
    ///
    /// A sentence that lists the names there are.
    pub fn find(&self, name: &str) -> Result<&dyn Function, String> {
        self.0.iter().map(AsRef::as_ref).find(|function| function.name() == name).ok_or_else(|| {
            let names: Vec<_> = self.0.iter().map(|function| function.name()).collect();
            // The name is the caller's own, but it is of any length.
            let asked: String = name.chars().take(64).collect();
            format!("there is no function {asked:?}; the functions are {}", names.join(", "))
        })
    }
}
