//! Filters taken apart from the outside, such as by a provider that makes queries of them.

use super::{CompareOperator, Filter, Literal};
use crate::path::AttributePath;

/// One node of a filter, its inner ones already folded.
#[derive(Debug, Clone, PartialEq)]
pub enum FilterNode<'f, T> {
    /// All of these.
    And(Vec<T>),
    /// Any of these.
    Or(Vec<T>),
    /// Not this.
    Not(T),
    /// `attribute operator value`.
    Compare {
        /// The attribute in whose brackets it stands, and whose sub-attribute `path` therefore names.
        within: Option<&'f AttributePath>,
        /// The attribute.
        path: &'f AttributePath,
        /// How it is compared.
        operator: CompareOperator,
        /// With what.
        value: &'f Literal,
    },
    /// `attribute pr`.
    Present {
        /// The attribute in whose brackets it stands.
        within: Option<&'f AttributePath>,
        /// The attribute.
        path: &'f AttributePath,
    },
    /// `attribute[filter]`.
    Values {
        /// The attribute.
        path: &'f AttributePath,
        /// What became of the filter in brackets.
        filter: T,
    },
}

impl Filter {
    /// Makes something else of a filter, from the inside out: `each` gets every node with what became of its inner ones.
    /// Recursion is as deep as the filter, at most [`super::DEPTH_MAX`] for those that [`Filter::parse`] gives.
    ///
    /// A `WHERE` clause with its parameters, and the attributes that have no column refused:
    ///
    /// ```
    /// use provost_scim::filter::FilterNode;
    /// use provost_scim::{CompareOperator, Filter, Literal};
    ///
    /// fn to_sql(filter: &Filter) -> Result<(String, Vec<String>), String> {
    ///     let mut parameters = Vec::new();
    ///     let sql = filter.fold(&mut |node| match node {
    ///         FilterNode::And(parts) => Ok(format!("({})", parts.join(" AND "))),
    ///         FilterNode::Or(parts) => Ok(format!("({})", parts.join(" OR "))),
    ///         FilterNode::Not(inner) => Ok(format!("NOT {inner}")),
    ///         FilterNode::Present { within: None, path } if path.attribute == "title" => Ok("title IS NOT NULL".to_owned()),
    ///         FilterNode::Compare { within: None, path, operator: CompareOperator::Equal, value: Literal::String(text) }
    ///             if path.attribute == "userName" =>
    ///         {
    ///             parameters.push(provost_scim::user_name_key(text));
    ///             Ok(format!("user_name_key = ${}", parameters.len()))
    ///         }
    ///         FilterNode::Values { path, filter } => Ok(format!("EXISTS (SELECT 1 FROM {} v WHERE v.user = id AND {filter})", path.attribute)),
    ///         FilterNode::Compare { within: Some(_), path, operator: CompareOperator::Equal, value: Literal::String(text) } => {
    ///             parameters.push(text.clone());
    ///             Ok(format!("v.{} = ${}", path.attribute, parameters.len()))
    ///         }
    ///         FilterNode::Compare { path, .. } | FilterNode::Present { path, .. } => Err(format!("{path} has no index")),
    ///     })?;
    ///     Ok((sql, parameters))
    /// }
    ///
    /// let filter = Filter::parse(r#"userName eq "Ada" and emails[type eq "work"] and not (title pr)"#).unwrap();
    /// let (sql, parameters) = to_sql(&filter).unwrap();
    /// assert_eq!(
    ///     sql,
    ///     "(user_name_key = $1 AND EXISTS (SELECT 1 FROM emails v WHERE v.user = id AND v.type = $2) AND NOT title IS NOT NULL)"
    /// );
    /// assert_eq!(parameters, ["ada", "work"]);
    /// assert_eq!(to_sql(&Filter::parse("nickName pr").unwrap()), Err("nickName has no index".to_owned()));
    /// ```
    pub fn fold<'f, T, E>(&'f self, each: &mut impl FnMut(FilterNode<'f, T>) -> Result<T, E>) -> Result<T, E> {
        self.fold_within(None, each)
    }

    fn fold_within<'f, T, E>(
        &'f self,
        within: Option<&'f AttributePath>,
        each: &mut impl FnMut(FilterNode<'f, T>) -> Result<T, E>,
    ) -> Result<T, E> {
        let node = match self {
            Self::And(parts) => {
                FilterNode::And(parts.iter().map(|part| part.fold_within(within, each)).collect::<Result<_, _>>()?)
            }
            Self::Or(parts) => FilterNode::Or(parts.iter().map(|part| part.fold_within(within, each)).collect::<Result<_, _>>()?),
            Self::Not(inner) => FilterNode::Not(inner.fold_within(within, each)?),
            Self::Compare { path, operator, value } => FilterNode::Compare { within, path, operator: *operator, value },
            Self::Present(path) => FilterNode::Present { within, path },
            Self::Values { path, filter } => FilterNode::Values { path, filter: filter.fold_within(Some(path), each)? },
        };
        each(node)
    }

    /// Visits every node, the outer ones first.
    ///
    /// ```
    /// use provost_scim::Filter;
    ///
    /// let filter = Filter::parse(r#"title pr and emails[type eq "work" and value co "@"]"#).unwrap();
    /// let mut comparisons = 0;
    /// filter.walk(&mut |node| comparisons += usize::from(matches!(node, Filter::Compare { .. } | Filter::Present(_))));
    /// assert_eq!(comparisons, 3);
    /// ```
    pub fn walk<'f>(&'f self, visit: &mut impl FnMut(&'f Self)) {
        visit(self);
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.walk(visit)),
            Self::Not(inner) | Self::Values { filter: inner, .. } => inner.walk(visit),
            Self::Compare { .. } | Self::Present(_) => {}
        }
    }
}
