//! What SQL calls by name: the list, and a file for each function.
//!
//! A new function is one file and one line in [`Functions::new`].

mod ask_bedrock;
mod get_coordinate;
mod models;

use std::sync::Arc;

pub use ask_bedrock::AskBedrock;
pub use get_coordinate::GetCoordinate;
pub use models::ModelPatterns;

use crate::function::Function;

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
