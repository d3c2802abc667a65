//! Values as PostgreSQL sends and takes them. The server infers the type of every placeholder from its place in the
//! statement; a value fits every type that can hold it. NUL in text is refused before (see `error::check_params`).

use crate::value::{Row, Value};
use bytes::{BufMut, BytesMut};
use std::error::Error;
use std::fmt;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

/// A value on its way to the server.
pub(super) struct Parameter<'a>(pub(super) &'a Value);

/// The client may log its parameters; values may be secret.
impl fmt::Debug for Parameter<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.type_name())
    }
}

impl ToSql for Parameter<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self.0 {
            Value::Null => return Ok(IsNull::Yes),
            Value::Integer(number) => put_integer(*number, ty, out)?,
            Value::Text(text) if is_text(ty) => out.put_slice(text.as_bytes()),
            Value::Blob(bytes) if *ty == Type::BYTEA => out.put_slice(bytes),
            Value::Text(_) | Value::Blob(_) => return Err(unfit(self.0, ty)),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn unfit(value: &Value, ty: &Type) -> Box<dyn Error + Sync + Send> {
    format!("{} is given where the server takes {ty}: CAST the placeholder in the statement", value.type_name()).into()
}

fn is_text(ty: &Type) -> bool {
    [Type::TEXT, Type::VARCHAR, Type::BPCHAR, Type::NAME, Type::UNKNOWN].contains(ty)
}

fn put_integer(number: i64, ty: &Type, out: &mut BytesMut) -> Result<(), Box<dyn Error + Sync + Send>> {
    match *ty {
        Type::INT8 => out.put_i64(number),
        Type::INT4 => out.put_i32(i32::try_from(number)?),
        Type::INT2 => out.put_i16(i16::try_from(number)?),
        Type::BOOL if number == 0 || number == 1 => out.put_u8(u8::from(number == 1)),
        Type::NUMERIC => put_numeric(number, out),
        _ if is_text(ty) => out.put_slice(number.to_string().as_bytes()),
        _ => return Err(unfit(&Value::Integer(number), ty)),
    }
    Ok(())
}

const NUMERIC_BASE: u64 = 10_000;
const NUMERIC_NEGATIVE: u16 = 0x4000;

/// Digits to the base of 10,000, the most significant one first; `sum` of BIGINT is compared with these.
fn put_numeric(number: i64, out: &mut BytesMut) {
    let mut digits = Vec::new();
    let mut rest = number.unsigned_abs();
    while rest > 0 {
        digits.push(u16::try_from(rest % NUMERIC_BASE).expect("a remainder of 10,000 is below 65,536"));
        rest /= NUMERIC_BASE;
    }
    let count = u16::try_from(digits.len()).expect("64 bits have at most five digits to the base of 10,000");
    out.put_u16(count);
    out.put_u16(count.saturating_sub(1));
    out.put_u16(if number < 0 { NUMERIC_NEGATIVE } else { 0 });
    out.put_u16(0);
    for digit in digits.iter().rev() {
        out.put_u16(*digit);
    }
}

/// A whole number, or `None` for a fraction, infinity, or one that is too large.
fn whole(raw: &[u8]) -> Option<i64> {
    let mut words = raw.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let (count, weight, sign, _scale) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let weight = i32::from(weight.cast_signed());
    if sign != 0 && sign != NUMERIC_NEGATIVE {
        return None;
    }
    let mut number: i128 = 0;
    let mut power = weight;
    for digit in words.by_ref().take(usize::from(count)) {
        if power >= 0 {
            number = number.checked_mul(i128::from(NUMERIC_BASE))?.checked_add(i128::from(digit))?;
        } else if digit != 0 {
            return None;
        }
        power -= 1;
    }
    // Zeroes at the end are not sent.
    for _ in 0..=power {
        number = number.checked_mul(i128::from(NUMERIC_BASE))?;
    }
    i64::try_from(if sign == 0 { number } else { -number }).ok()
}

struct Column(Value);

impl<'a> FromSql<'a> for Column {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let value = match *ty {
            Type::INT8 => Value::Integer(i64::from_sql(ty, raw)?),
            Type::INT4 => Value::Integer(i64::from(i32::from_sql(ty, raw)?)),
            Type::INT2 => Value::Integer(i64::from(i16::from_sql(ty, raw)?)),
            Type::BOOL => Value::Integer(i64::from(bool::from_sql(ty, raw)?)),
            Type::NUMERIC => {
                Value::Integer(whole(raw).ok_or("it holds a fraction or a number beyond 64 bits: CAST it to BIGINT")?)
            }
            Type::BYTEA => Value::Blob(raw.to_vec()),
            _ if is_text(ty) => Value::Text(std::str::from_utf8(raw)?.to_owned()),
            _ => return Err(format!("it is of the type {ty}: CAST it to BIGINT, TEXT or BYTEA").into()),
        };
        Ok(Self(value))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Value::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// The values of a row that the server sent.
pub(super) fn owned(row: &tokio_postgres::Row) -> Result<Row, tokio_postgres::Error> {
    let mut values = Vec::with_capacity(row.len());
    for column in 0..row.len() {
        values.push(row.try_get::<_, Column>(column)?.0);
    }
    Ok(Row(values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numerics_go_both_ways() {
        for number in [0, 1, -1, 9_999, 10_000, 10_001, -20_000, 100_000_000, 123_456_789_012, i64::MAX, i64::MIN] {
            let mut bytes = BytesMut::new();
            put_numeric(number, &mut bytes);
            assert_eq!(whole(&bytes), Some(number));
        }
    }

    #[test]
    fn numerics_as_the_server_sends_them() {
        let words = |words: &[u16]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
        assert_eq!(whole(&words(&[1, 2, 0, 0, 5])), Some(500_000_000), "zeroes at the end are left out");
        assert_eq!(whole(&words(&[2, 0, 0, 1, 1, 5_000])), None, "1.5");
        assert_eq!(whole(&words(&[1, 0xFFFF, 0, 1, 5_000])), None, "0.5");
        assert_eq!(whole(&words(&[0, 0, 0xC000, 0])), None, "not a number");
        assert_eq!(whole(&words(&[1, 5, 0, 0, 1])), None, "beyond 64 bits");
    }
}
