### Español. Cómo se nombran y se buscan los mensajes está explicado al principio de en.ftl.
###
### The alphabet of text messages has é, ñ and ü but not á, í, ó and ú, and a single one of these cuts a
### text message from 160 characters to 70. So `.text` does without them, or brings an `.sms` that does.

## Parts of sentences. Each brings its own leading space, so that nothing remains when it is unknown.

from-merchant = { $has_merchant_name ->
    [yes] { " " }de { $merchant_name }
   *[no] { "" }
}
at-merchant = { $has_merchant_name ->
    [yes] { " " }en { $merchant_name }
   *[no] { "" }
}
should-arrive = { $eta ->
    [minutes] { $eta_minutes ->
        [0] { " " }Llega en cualquier momento.
        [one] { " " }Llega en un minuto.
       *[other] { " " }Llega en unos { $eta_minutes } minutos.
    }
    [hours] { " " }Llega en unas { $eta_hours } horas.
   *[unknown] { "" }
}
numbered = { $has_order_id ->
    [yes] { " " }{ $order_id }
   *[no] { "" }
}
the-order = { $has_order_id ->
    [yes] El pedido { $order_id }
   *[no] Un pedido
}

## To the customer

customer-placed =
    .title = Pedido{ from-merchant } recibido
    .text = Gracias. Hemos recibido tu pedido{ from-merchant } y solo falta que lo acepten.{ should-arrive }

customer-placed-accepted =
    .title = Pedido{ from-merchant } recibido y aceptado
    .text = { $has_merchant_name ->
        [yes] Gracias por tu pedido. { $merchant_name } ya lo ha aceptado.{ should-arrive }
       *[no] Gracias por tu pedido. Ya lo han aceptado.{ should-arrive }
    }

customer-placed-preparing =
    .title = { customer-placed-accepted-preparing.title }
    .text = { customer-placed-accepted-preparing.text }

customer-placed-accepted-preparing =
    .title = Pedido{ from-merchant } en preparación
    .text = { $has_merchant_name ->
        [yes] Gracias por tu pedido. { $merchant_name } lo ha aceptado y ya lo prepara.{ should-arrive }
       *[no] Gracias por tu pedido. Lo han aceptado y ya lo preparan.{ should-arrive }
    }

customer-accepted =
    .title = Pedido aceptado
    .text = { $has_merchant_name ->
        [yes] { $merchant_name } ha aceptado tu pedido.{ should-arrive }
       *[no] Han aceptado tu pedido.{ should-arrive }
    }

customer-accepted-preparing =
    .title = Aceptado y en preparación
    .text = { $has_merchant_name ->
        [yes] { $merchant_name } ha aceptado tu pedido y ya lo prepara.{ should-arrive }
       *[no] Han aceptado tu pedido y ya lo preparan.{ should-arrive }
    }

customer-accepted-ready_for_pickup =
    .title = Aceptado y listo para salir
    .text = { $has_merchant_name ->
        [yes] { $merchant_name } ha aceptado tu pedido y ya lo tiene listo para salir.{ should-arrive }
       *[no] Han aceptado tu pedido y ya lo tienen listo para salir.{ should-arrive }
    }

customer-accepted-preparing-ready_for_pickup =
    .title = Preparado y listo para salir
    .text = { $has_merchant_name ->
        [yes] { $merchant_name } ha aceptado y preparado tu pedido, que ya queda listo para salir.{ should-arrive }
       *[no] Han aceptado y preparado tu pedido, que ya queda listo para salir.{ should-arrive }
    }

customer-preparing =
    .title = En preparación
    .text = { $has_merchant_name ->
        [yes] { $merchant_name } ya prepara tu pedido.{ should-arrive }
       *[no] Ya preparan tu pedido.{ should-arrive }
    }

customer-preparing-ready_for_pickup =
    .title = Preparado y listo para salir
    .text = { $has_merchant_name ->
        [yes] { $merchant_name } ha preparado tu pedido, que ya queda listo para salir.{ should-arrive }
       *[no] Han preparado tu pedido, que ya queda listo para salir.{ should-arrive }
    }

customer-ready_for_pickup =
    .title = Listo para salir
    .text = Tu pedido{ from-merchant } está listo para salir.{ should-arrive }
    .sms = Tu pedido{ from-merchant } ya queda listo para salir.{ should-arrive }

customer-out_for_delivery =
    .title = En camino
    .text = Tu pedido{ from-merchant } va en camino.{ should-arrive }

customer-nearby =
    .title = Ya casi llega
    .text = Tu pedido{ from-merchant } está muy cerca.{ should-arrive }
    .sms = Tu pedido{ from-merchant } ya viene muy cerca.{ should-arrive }

customer-delivered =
    .title = Pedido{ from-merchant } entregado
    .text = Tu pedido{ from-merchant } ha sido entregado. Que lo disfrutes.

customer-cancelled =
    .title = Pedido{ from-merchant } cancelado
    .text = Tu pedido{ from-merchant } ha sido cancelado. Lamentamos que esta vez no haya podido ser.

customer-news =
    .title = Novedades de tu pedido
    .text = Hay novedades de tu pedido{ from-merchant }: abre la app para verlas.

## To the merchant, at work: what to do comes with what happened.

merchant-placed =
    .title = Nuevo pedido{ numbered }
    .text = { $has_order_id ->
        [yes] Ha entrado el pedido { $order_id }{ at-merchant } y espera que lo aceptes.
       *[no] Ha entrado un nuevo pedido{ at-merchant } y espera que lo aceptes.
    }

merchant-delivered =
    .title = Pedido{ numbered } entregado
    .text = { the-order }{ from-merchant } ya ha llegado al cliente. Gracias.

merchant-cancelled =
    .title = Pedido{ numbered } cancelado
    .text = { $has_order_id ->
        [yes] El pedido { $order_id }{ from-merchant } ha sido cancelado. Deja de prepararlo, por favor.
       *[no] Un pedido{ from-merchant } ha sido cancelado. Revisa tus pedidos abiertos, por favor.
    }

merchant-news =
    .title = Novedades de un pedido
    .text = { $has_order_id ->
        [yes] Hay novedades del pedido { $order_id }{ from-merchant }: revisa tus pedidos abiertos.
       *[no] Hay novedades de un pedido{ from-merchant }: revisa tus pedidos abiertos.
    }

## To the courier, on the road: where to go, or not to.

courier-ready_for_pickup =
    .title = Listo para recoger
    .text = { the-order }{ from-merchant } ya te espera para que lo recojas.

courier-cancelled =
    .title = Pedido{ numbered } cancelado
    .text = { $has_order_id ->
        [yes] El pedido { $order_id }{ from-merchant } ha sido cancelado. Ya no hace falta que lo entregues.
       *[no] Un pedido{ from-merchant } ha sido cancelado. Revisa tus entregas antes de seguir.
    }

courier-news =
    .title = Novedades de un pedido
    .text = { $has_order_id ->
        [yes] Hay novedades del pedido { $order_id }{ from-merchant }: revisa tus entregas.
       *[no] Hay novedades de un pedido{ from-merchant }: revisa tus entregas.
    }

## Moments

moment-now = ahora mismo

## E-mails

mail-preferences = Elige qué correos recibes

## The page that this link leads to

choices-title = Novedades de tus pedidos
choices-get = { $channel ->
    [sms] { $choice ->
        [everything] Por mensaje de texto recibes todas nuestras novedades.
        [records] Por mensaje de texto recibes solo lo que conviene guardar: cuando un pedido se hace, se entrega o se cancela.
       *[nothing] Por mensaje de texto no recibes nada.
    }
   *[email] { $choice ->
        [everything] Por correo recibes todas nuestras novedades.
        [records] Por correo recibes solo lo que conviene guardar: cuando un pedido se hace, se entrega o se cancela.
       *[nothing] Por correo no recibes nada.
    }
}
choices-saved = { $channel ->
    [sms] { $choice ->
        [everything] Guardado. A partir de ahora recibes todas nuestras novedades por mensaje de texto.
        [records] Guardado. A partir de ahora recibes por mensaje de texto solo lo que conviene guardar: cuando un pedido se hace, se entrega o se cancela.
       *[nothing] Guardado. A partir de ahora no recibes nada por mensaje de texto.
    }
   *[email] { $choice ->
        [everything] Guardado. A partir de ahora recibes todas nuestras novedades por correo.
        [records] Guardado. A partir de ahora recibes por correo solo lo que conviene guardar: cuando un pedido se hace, se entrega o se cancela.
       *[nothing] Guardado. A partir de ahora no recibes nada por correo.
    }
}
choices-question = ¿Qué quieres recibir?
choices-everything = Todas las novedades
choices-everything-means = También lo que pasa entre el pedido y tu puerta.
choices-records = Solo lo que conviene guardar
choices-records-means = Cuando un pedido se hace, se entrega o se cancela.
choices-nothing = Nada
choices-nothing-means = Ni siquiera cuando se cancela un pedido.
choices-save = Guardar
choices-elsewhere = Lo que recibes por otras vías sigue igual.
choices-after-stop = Si alguna vez respondiste STOP a un mensaje, respóndele también START.
choices-no-address = Aquí no tenemos ninguna dirección tuya a la que escribir.
choices-unknown = Este enlace no funciona
choices-unknown-more = Puede que esté cortado. Ábrelo de nuevo desde el último mensaje que te enviamos.
choices-unclear = No se ha podido guardar
choices-unclear-more = Vuelve atrás, elige una de las tres opciones y guarda de nuevo.
choices-later = Ahora mismo no es posible
choices-later-more = No se ha cambiado nada. Vuelve a intentarlo dentro de unos minutos, por favor.

## El centro de preferencias

preferences-title = Qué te contamos y cómo
preferences-intro = Elige dónde quieres enterarte de cada paso de un pedido.
preferences-inbox = Ir a tu bandeja

preferences-channel = { $channel ->
    [push] Notificación push
    [sms] SMS
    [email] Correo electrónico
   *[in_app] Bandeja
}

preferences-places = Dónde te encontramos
preferences-place-none = { $channel ->
    [push] Ningún dispositivo
    [sms] Ningún número
   *[email] Ninguna dirección
}
preferences-stop = Respondiste STOP, así que no enviamos SMS a este número. Para volver a recibirlos, responde START a cualquier SMS nuestro.
preferences-nothing-here = Nos pediste que no enviemos nada más aquí.
preferences-records-here = Pediste solo lo que conviene guardar: cuando un pedido se hace, se entrega o se cancela.
preferences-again = Volver a enviarme todo aquí
preferences-remove = Quitar
preferences-remove-which = Quitar { $device }

preferences-steps = Paso a paso
preferences-example = Por ejemplo: «{ $text }»
preferences-on = Siempre
preferences-fallback = Solo si fallan las otras vías
preferences-off = Nunca
preferences-nowhere = En ninguna parte
preferences-overruled = Está desactivado más arriba, elijas lo que elijas aquí.

preferences-quiet = Horas de silencio
preferences-quiet-means = Entonces solo enviamos lo que no puede esperar, por ejemplo que tu pedido está en camino. El resto queda en tu bandeja.
preferences-quiet-wanted = Guardar silencio a estas horas
preferences-quiet-from = Desde
preferences-quiet-until = Hasta
preferences-quiet-unclear = Indica las dos horas, por ejemplo 22:00 y 07:00. Aún no se ha guardado nada.
preferences-zone = Zona horaria

preferences-language = Idioma
preferences-language-means = Para los mensajes y para esta página.

preferences-save = Guardar
preferences-usual = Volver a lo habitual
preferences-usual-means = Deshace lo que elegiste para cada paso. Las horas de silencio y el idioma no cambian.
preferences-said-saved = Guardado. Vale a partir de la próxima novedad.
preferences-said-usual = Vuelves a recibir las novedades habituales.
preferences-said-removed = Ese dispositivo ya no recibe novedades.
preferences-said-again = Vuelves a recibirlo todo ahí.

preferences-signed-out = Vuelve a entrar, por favor
preferences-signed-out-more = Esta página permanece abierta una hora. Ábrela de nuevo desde la aplicación.
preferences-nobody = Todavía no hay nada que elegir
preferences-nobody-more = Cuando sepamos cómo llegar a ti, aquí podrás elegir de qué te enteras.
preferences-unclear = No se pudo guardar
preferences-unclear-more = Abre esta página de nuevo y vuelve a elegir.
preferences-later = No se pudo hacer en este momento
preferences-later-more = No se cambió nada. Inténtalo de nuevo en unos minutos.

## La página con los pedidos

inbox-title = Tus pedidos
inbox-tab-inbox = Bandeja
inbox-tab-archive = Archivo
inbox-preferences = Ajustes de notificaciones
inbox-unread = Sin leer:
inbox-new = Nuevo
inbox-order = Pedido { $order_id }
inbox-steps = Hasta dónde ha llegado el pedido
inbox-step = Paso { $now } de { $all }
inbox-step-passed = { $step }: hecho
inbox-step-now = { $step }: ahora
inbox-step-ahead = { $step }: aún por llegar
inbox-step-stopped = { $step }: ya no sigue
inbox-stopped = Ya no sigue
inbox-trail = { $count ->
    [one] Un mensaje hasta ahora
    [many] Los { $count } de mensajes
   *[other] Los { $count } mensajes
}
inbox-read = Marcar como leído
inbox-read-all = Marcar todo como leído
inbox-archive = Archivar
inbox-unarchive = Devolver a la bandeja
inbox-older = Pedidos anteriores
inbox-newest = Volver a los más recientes
inbox-empty = Aquí todavía no hay nada
inbox-empty-more = En cuanto pase algo con un pedido tuyo, lo verás aquí.
inbox-archive-empty = El archivo está vacío
inbox-archive-empty-more = Lo que archivas se guarda aquí. Cuando hay novedades de su pedido, vuelve por sí solo.
inbox-archived = Archivado.
inbox-unarchived = De vuelta en la bandeja.
inbox-lost = Se perdió la conexión. Se vuelve a intentar automáticamente.
inbox-closed = Abre tu enlace de nuevo, por favor
inbox-closed-more = Esta página es solo para ti, y tu enlace ha caducado o está incompleto. Ábrela de nuevo desde la aplicación o desde el último mensaje nuestro.
inbox-away = No se pudo hacer en este momento
inbox-away-more = No se cambió nada. Inténtalo de nuevo en unos minutos.
inbox-again = Intentar de nuevo
inbox-no-page = Esta página ya no existe
inbox-no-page-more = Puede que el enlace haya llegado incompleto.
