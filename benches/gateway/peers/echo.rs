//! The lower bound: echoes bytes, without WebSocket or JSON.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::Result;

pub(super) async fn serve() -> Result<()> {
    let listener = super::listen().await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::task::spawn_local(async move {
            let mut buffer = vec![0; 16 * 1024];
            while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                if stream.write_all(&buffer[..read]).await.is_err() {
                    return;
                }
            }
        });
    }
}
