//! The same rows as a Parquet file, a row group at a time.

use std::{io::Write, sync::Arc};

use parquet::{
    basic::{Compression, ConvertedType, LogicalType, Repetition, Type as Physical, ZstdLevel},
    data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type},
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::types::Type,
};

use crate::{
    error::{ExportError, Samples},
    row::{COLUMNS, Cell, Kind, Row},
    source::{Source, each_verdict},
};

/// Rows of a group: with answers of some thousand characters, a few dozen megabytes.
const GROUP: usize = 4096;

/// The values of one column of a row group. Empty cells have a level and no value.
#[derive(Default)]
struct Values {
    texts: Vec<ByteArray>,
    integers: Vec<i64>,
    numbers: Vec<f64>,
    levels: Vec<i16>,
}

impl Values {
    fn push(&mut self, cell: Cell<'_>) {
        self.levels.push(i16::from(cell != Cell::Empty));
        match cell {
            Cell::Empty => {}
            Cell::Text(text) => self.texts.push(text.into_owned().into_bytes().into()),
            Cell::Integer(number) => self.integers.push(number),
            Cell::Number(number) => self.numbers.push(number),
            Cell::Json(value) => self.texts.push(value.to_string().into_bytes().into()),
        }
    }
}

fn schema() -> Result<Arc<Type>, ExportError> {
    let fields = COLUMNS.iter().map(|column| {
        let physical = match column.kind {
            Kind::Text | Kind::Json => Physical::BYTE_ARRAY,
            Kind::Integer => Physical::INT64,
            Kind::Number => Physical::DOUBLE,
        };
        let is_text = physical == Physical::BYTE_ARRAY;
        let field = Type::primitive_type_builder(column.name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(is_text.then_some(LogicalType::String))
            .with_converted_type(if is_text {
                ConvertedType::UTF8
            } else {
                ConvertedType::NONE
            })
            .build()?;
        Ok(Arc::new(field))
    });
    let fields: Result<Vec<_>, ExportError> = fields.collect();
    let root = Type::group_type_builder("nocere").with_fields(fields?);
    Ok(Arc::new(root.build()?))
}

pub(crate) fn samples(
    source: &Source<'_>,
    samples: Samples<'_>,
    out: &mut (dyn Write + Send),
) -> Result<(), ExportError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_created_by(format!("nocere {}", env!("CARGO_PKG_VERSION")))
        .build();
    let mut writer = SerializedFileWriter::new(out, schema()?, Arc::new(properties))?;
    let empty = || -> Vec<Values> { COLUMNS.iter().map(|_| Values::default()).collect() };
    let mut columns = empty();
    for sample in samples {
        let sample = sample.map_err(ExportError::Sample)?;
        each_verdict(source, &sample, |judged| {
            let row = Row::new(*source, &sample, judged);
            for (column, values) in COLUMNS.iter().zip(&mut columns) {
                values.push((column.cell)(&row));
            }
            if columns[0].levels.len() == GROUP {
                write_group(&mut writer, &std::mem::replace(&mut columns, empty()))?;
            }
            Ok::<(), ExportError>(())
        })?;
    }
    if !columns[0].levels.is_empty() {
        write_group(&mut writer, &columns)?;
    }
    writer.close()?;
    Ok(())
}

fn write_group<W: Write + Send>(
    writer: &mut SerializedFileWriter<W>,
    columns: &[Values],
) -> Result<(), ExportError> {
    let mut group = writer.next_row_group()?;
    for (column, values) in COLUMNS.iter().zip(columns) {
        let Some(mut place) = group.next_column()? else {
            break;
        };
        let levels = Some(values.levels.as_slice());
        match column.kind {
            Kind::Text | Kind::Json => {
                let column = place.typed::<ByteArrayType>();
                column.write_batch(&values.texts, levels, None)?;
            }
            Kind::Integer => {
                let column = place.typed::<Int64Type>();
                column.write_batch(&values.integers, levels, None)?;
            }
            Kind::Number => {
                let column = place.typed::<DoubleType>();
                column.write_batch(&values.numbers, levels, None)?;
            }
        }
        place.close()?;
    }
    group.close()?;
    Ok(())
}
