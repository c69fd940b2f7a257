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
