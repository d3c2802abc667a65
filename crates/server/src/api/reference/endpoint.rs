//! What a handler reads and answers, as its own type says it: a route whose handler says too little does not compile.

use super::shape::{Argument, Reply, Schemas, Shape};
use crate::api::Problem;

/// A handler whose arguments and answer can be described. `In` are its arguments.
pub(in crate::api) trait Endpoint<In> {
    /// Adds everything it reads and answers.
    fn describe(shape: &mut Shape, schemas: &mut Schemas);
}

/// Adds what one argument reads, and the answer.
fn last<A: Argument, O: Reply>(shape: &mut Shape, schemas: &mut Schemas) {
    A::describe(shape, schemas);
    O::describe(shape, schemas);
}

impl<F, Fut, O, A> Endpoint<(A,)> for F
where
    F: Fn(A) -> Fut,
    Fut: Future<Output = Result<O, Problem>>,
    O: Reply,
    A: Argument,
{
    fn describe(shape: &mut Shape, schemas: &mut Schemas) {
        last::<A, O>(shape, schemas);
    }
}

impl<F, Fut, O, A, B> Endpoint<(A, B)> for F
where
    F: Fn(A, B) -> Fut,
    Fut: Future<Output = Result<O, Problem>>,
    O: Reply,
    A: Argument,
    B: Argument,
{
    fn describe(shape: &mut Shape, schemas: &mut Schemas) {
        A::describe(shape, schemas);
        last::<B, O>(shape, schemas);
    }
}

impl<F, Fut, O, A, B, C> Endpoint<(A, B, C)> for F
where
    F: Fn(A, B, C) -> Fut,
    Fut: Future<Output = Result<O, Problem>>,
    O: Reply,
    A: Argument,
    B: Argument,
    C: Argument,
{
    fn describe(shape: &mut Shape, schemas: &mut Schemas) {
        A::describe(shape, schemas);
        B::describe(shape, schemas);
        last::<C, O>(shape, schemas);
    }
}

impl<F, Fut, O, A, B, C, D> Endpoint<(A, B, C, D)> for F
where
    F: Fn(A, B, C, D) -> Fut,
    Fut: Future<Output = Result<O, Problem>>,
    O: Reply,
    A: Argument,
    B: Argument,
    C: Argument,
    D: Argument,
{
    fn describe(shape: &mut Shape, schemas: &mut Schemas) {
        A::describe(shape, schemas);
        B::describe(shape, schemas);
        C::describe(shape, schemas);
        last::<D, O>(shape, schemas);
    }
}

impl<F, Fut, O, A, B, C, D, E> Endpoint<(A, B, C, D, E)> for F
where
    F: Fn(A, B, C, D, E) -> Fut,
    Fut: Future<Output = Result<O, Problem>>,
    O: Reply,
    A: Argument,
    B: Argument,
    C: Argument,
    D: Argument,
    E: Argument,
{
    fn describe(shape: &mut Shape, schemas: &mut Schemas) {
        A::describe(shape, schemas);
        B::describe(shape, schemas);
        C::describe(shape, schemas);
        D::describe(shape, schemas);
        last::<E, O>(shape, schemas);
    }
}

impl<F, Fut, O, A, B, C, D, E, G> Endpoint<(A, B, C, D, E, G)> for F
where
    F: Fn(A, B, C, D, E, G) -> Fut,
    Fut: Future<Output = Result<O, Problem>>,
    O: Reply,
    A: Argument,
    B: Argument,
    C: Argument,
    D: Argument,
    E: Argument,
    G: Argument,
{
    fn describe(shape: &mut Shape, schemas: &mut Schemas) {
        A::describe(shape, schemas);
        B::describe(shape, schemas);
        C::describe(shape, schemas);
        D::describe(shape, schemas);
        E::describe(shape, schemas);
        last::<G, O>(shape, schemas);
    }
}
