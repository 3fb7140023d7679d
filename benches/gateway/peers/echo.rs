//! The lower bound: echoes bytes, without WebSocket or JSON; inside TLS, what that alone costs.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{Result, tls::Acceptor};

pub(super) async fn serve(tls: Option<Acceptor>) -> Result<()> {
    let listener = super::listen().await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let tls = tls.clone();
        tokio::task::spawn_local(async move {
            let Some(mut stream) = super::opened(stream, tls.as_ref()).await else {
                return;
            };
            let mut buffer = vec![0; 16 * 1024];
            while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                if stream.write_all(&buffer[..read]).await.is_err() || stream.flush().await.is_err()
                {
                    return;
                }
            }
        });
    }
}
