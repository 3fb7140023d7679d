//! The tables in one redb file.
//!
//! Every commit is on the disk when it returns (`Durability::Immediate`, redb's default).

use std::{
    cell::OnceCell,
    io,
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use ::redb::{
    Builder, Database, DatabaseError, ReadOnlyTable, ReadTransaction, ReadableDatabase,
    ReadableTable, ReadableTableMetadata, StorageError, TableDefinition, TableHandle,
    WriteTransaction,
};

use crate::{
    error::{Error, Result},
    fs,
};

use crate::store::{
    backend::{Backend, Get, Order, Row, Rows, Snapshot, Table, Visit, Work},
    error::StoreError,
};

/// Pages kept in memory. The system caches the file anyway: with eight times as much, writes were no
/// faster and only the resident memory grew.
const CACHE_BYTES: usize = 1024 * 1024;

/// From this size of the file on, each commit also saves which pages are in use. After a crash, redb
/// otherwise reads the whole file once: 27 ms for 800,000 short messages in 68 MiB. Saving it takes a
/// second fsync and about a quarter of the throughput, which a small file need not pay.
const QUICK_REPAIR_FROM_BYTES: u64 = 64 * 1024 * 1024;

type Bytes = &'static [u8];
type Definition = TableDefinition<'static, Bytes, Bytes>;

const fn name(table: Table) -> &'static str {
    match table {
        Table::Meta => "meta",
        Table::Bodies => "bodies",
        Table::Latest => "latest",
        Table::Changes => "changes",
        Table::Scopes => "scopes",
        Table::Outbox => "outbox",
        Table::Keys => "keys",
        Table::Marks => "marks",
        Table::Tails => "tails",
    }
}

const fn definition(table: Table) -> Definition {
    TableDefinition::new(name(table))
}

/// Opens the file; another one in tests, where it must be able to fail.
pub(in crate::store) type OpenFile =
    Box<dyn Fn(&Path) -> Result<Database, DatabaseError> + Send + Sync>;

/// Whether the file can be used.
enum Place {
    Open(Arc<Database>),
    /// It failed and could not be opened again so far.
    Broken,
    Closed,
}

/// A redb file, and the way to open it again: after an error of the disk, redb wants to be.
pub(in crate::store) struct Redb {
    path: PathBuf,
    open_file: OpenFile,
    place: RwLock<Place>,
}

impl Redb {
    /// Opens the file, or makes an empty one, the owner's alone.
    pub(in crate::store) fn open(path: &Path) -> Result<Self> {
        Self::open_with(path, Box::new(|path| builder().open(path)))
    }

    /// Opens it in a way of one's own.
    pub(in crate::store) fn open_with(path: &Path, open_file: OpenFile) -> Result<Self> {
        let is_there = std::fs::metadata(path).is_ok_and(|file| file.len() > 0);
        if !is_there {
            create(path)?;
        }
        // A plain open of a damaged file may panic inside redb.
        let opened = catch_unwind(AssertUnwindSafe(|| {
            let database = open_file(path).map_err(|error| cannot_open(path, error))?;
            add_missing_tables(path, &database)?;
            Ok(database)
        }));
        let database = opened.unwrap_or_else(|_| Err(not_ours(path, "damaged")))?;
        Ok(Self {
            path: path.to_owned(),
            open_file,
            place: RwLock::new(Place::Open(Arc::new(database))),
        })
    }

    fn database(&self) -> Result<Arc<Database>, StoreError> {
        let place = self.place.read().unwrap_or_else(PoisonError::into_inner);
        match &*place {
            Place::Open(database) => Ok(Arc::clone(database)),
            Place::Broken => Err(StoreError::Failing("the file is not open".to_owned())),
            Place::Closed => Err(StoreError::Closed),
        }
    }

    fn is_large(&self) -> bool {
        let file = std::fs::metadata(&self.path);
        file.is_ok_and(|file| file.len() >= QUICK_REPAIR_FROM_BYTES)
    }

    fn put(&self, place: Place) {
        *self.place.write().unwrap_or_else(PoisonError::into_inner) = place;
    }
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

/// Makes the file under another name first: a crash halfway through would otherwise leave one that
/// is neither empty nor a database, which could not be told from somebody else's.
fn create(path: &Path) -> Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".new");
    let unfinished = path.with_file_name(name);
    fs::create_private_file(&unfinished)?;
    let initialised = builder().create(&unfinished).map_err(::redb::Error::from);
    initialised
        .and_then(|database| create_tables(&database))
        .map_err(|error| Error::Failed(format!("cannot make {}: {error}", path.display())))?;
    fs::rename_lasting(&unfinished, path)
}

fn create_tables(database: &Database) -> Result<(), ::redb::Error> {
    let transaction = database.begin_write()?;
    for table in Table::ALL {
        transaction.open_table(definition(table))?;
    }
    Ok(transaction.commit()?)
}

/// A redb file of some other program must not be filled with messages; one of ours may be older than
/// the last tables.
fn add_missing_tables(path: &Path, database: &Database) -> Result<()> {
    let names = || -> Result<Vec<String>, ::redb::Error> {
        let transaction = database.begin_read()?;
        let tables = transaction.list_tables()?;
        Ok(tables.map(|table| table.name().to_owned()).collect())
    };
    let names = names().map_err(|_| not_ours(path, "damaged"))?;
    let is_there = |table: Table| names.iter().any(|name| name == self::name(table));
    let mut missing = Table::ALL.into_iter().filter(|table| !is_there(*table));
    match missing.next() {
        None => Ok(()),
        Some(Table::Marks | Table::Tails) => create_tables(database)
            .map_err(|error| Error::Failed(format!("cannot add to {}: {error}", path.display()))),
        Some(_) => Err(not_ours(path, "a database of another program")),
    }
}

fn cannot_open(path: &Path, error: DatabaseError) -> Error {
    match error {
        DatabaseError::Storage(StorageError::Io(source)) => match source.kind() {
            io::ErrorKind::InvalidData => not_ours(path, "no message file"),
            _ => Error::file("open", path)(source),
        },
        DatabaseError::Storage(StorageError::Corrupted(what)) => {
            not_ours(path, &format!("damaged ({what})"))
        }
        DatabaseError::DatabaseAlreadyOpen => Error::Failed(format!(
            "{} is in use by another process; stop that one first",
            path.display()
        )),
        other => not_ours(path, &format!("a file this version cannot read ({other})")),
    }
}

fn not_ours(path: &Path, what: &str) -> Error {
    Error::Config(format!(
        "{} is {what}; it was left as it is: restore it from a backup, or move it away to start empty",
        path.display()
    ))
}

fn failing(error: impl Into<::redb::Error>) -> StoreError {
    StoreError::Failing(error.into().to_string())
}

impl Backend for Redb {
    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        let database = self.database()?;
        let transaction = database.begin_read().map_err(failing)?;
        Ok(Box::new(View {
            transaction,
            tables: Default::default(),
            _database: database,
        }))
    }

    fn transact(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        let database = self.database()?;
        let mut transaction = database.begin_write().map_err(failing)?;
        transaction.set_quick_repair(self.is_large());
        let mut changes = Changes {
            transaction: &transaction,
            tables: Default::default(),
        };
        let wanted = work(&mut changes)?;
        drop(changes);
        if wanted {
            transaction.commit().map_err(failing)
        } else {
            transaction.abort().map_err(failing)
        }
    }

    /// Readers that are still at work hold the file; then it cannot be opened yet, and the next
    /// try will.
    fn recover(&self) -> Result<(), StoreError> {
        self.put(Place::Broken);
        let opened = catch_unwind(AssertUnwindSafe(|| (self.open_file)(&self.path)));
        let opened = opened.map_err(|_| StoreError::Failing("the database panicked".to_owned()))?;
        self.put(Place::Open(Arc::new(opened.map_err(failing)?)));
        Ok(())
    }

    fn close(&self) {
        self.put(Place::Closed);
    }
}

/// A snapshot. Tables are opened as they are asked for, each once.
struct View {
    transaction: ReadTransaction,
    tables: [OnceCell<ReadOnlyTable<Bytes, Bytes>>; Table::ALL.len()],
    /// Keeps the file open while it is read.
    _database: Arc<Database>,
}

impl View {
    fn table(&self, table: Table) -> Result<&ReadOnlyTable<Bytes, Bytes>, StoreError> {
        let place = &self.tables[table as usize];
        if let Some(open) = place.get() {
            return Ok(open);
        }
        let open = self.transaction.open_table(definition(table));
        let open = open.map_err(failing)?;
        Ok(place.get_or_init(|| open))
    }
}

impl Get for View {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let value = self.table(table)?.get(key).map_err(failing)?;
        Ok(value.map(|value| value.value().to_vec()))
    }

    fn at_or_before(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        last_up_to(self.table(table)?, key)
    }
}

fn last_up_to(
    table: &impl ReadableTable<Bytes, Bytes>,
    key: &[u8],
) -> Result<Option<Row>, StoreError> {
    let last = table.range::<&[u8]>(..=key).map_err(failing)?.next_back();
    let last = last.transpose().map_err(failing)?;
    Ok(last.map(|(key, value)| (key.value().to_vec(), value.value().to_vec())))
}

impl Snapshot for View {
    fn scan(
        &self,
        table: Table,
        first: &[u8],
        last: &[u8],
        order: Order,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        let table = self.table(table)?;
        let mut rows = table.range::<&[u8]>(first..=last).map_err(failing)?;
        while let Some(row) = match order {
            Order::Ascending => rows.next(),
            Order::Descending => rows.next_back(),
        } {
            let (key, value) = row.map_err(failing)?;
            if let ControlFlow::Break(()) = visit(key.value(), value.value())? {
                break;
            }
        }
        Ok(())
    }

    fn len(&self, table: Table) -> Result<u64, StoreError> {
        self.table(table)?.len().map_err(failing)
    }
}

/// A transaction. Opening a table costs more than a row, so each is opened once, when it is needed.
struct Changes<'t> {
    transaction: &'t WriteTransaction,
    tables: [OnceCell<::redb::Table<'t, Bytes, Bytes>>; Table::ALL.len()],
}

impl<'t> Changes<'t> {
    fn table(&self, table: Table) -> Result<&::redb::Table<'t, Bytes, Bytes>, StoreError> {
        let place = &self.tables[table as usize];
        if let Some(open) = place.get() {
            return Ok(open);
        }
        let open = self.transaction.open_table(definition(table));
        let open = open.map_err(failing)?;
        Ok(place.get_or_init(|| open))
    }

    fn table_mut(
        &mut self,
        table: Table,
    ) -> Result<&mut ::redb::Table<'t, Bytes, Bytes>, StoreError> {
        self.table(table)?;
        self.tables[table as usize]
            .get_mut()
            .ok_or(StoreError::Closed)
    }
}

impl Get for Changes<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let value = self.table(table)?.get(key).map_err(failing)?;
        Ok(value.map(|value| value.value().to_vec()))
    }

    fn at_or_before(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        last_up_to(self.table(table)?, key)
    }
}

impl Rows for Changes<'_> {
    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let replaced = self.table_mut(table)?.insert(key, value);
        replaced.map(drop).map_err(failing)
    }

    fn remove(&mut self, table: Table, key: &[u8]) -> Result<(), StoreError> {
        let removed = self.table_mut(table)?.remove(key);
        removed.map(drop).map_err(failing)
    }
}
